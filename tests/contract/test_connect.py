"""``localstack.aws.connect``: AWS clients inside extensions, seen from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from localstack.aws.connect import connect_to
from platforms import Home, Platform, platforms_of

EXTENSION = """
import multiprocessing
import subprocess
import sys
import threading

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from localstack.aws.api import CommonServiceException
from localstack.aws.connect import InternalClientFactory, connect_externally_to, connect_to
from localstack.extensions.api import Extension

over_network = []
seen = []
send = URLLib3Session.send

def watch(self, request):
    over_network.append(request.url)
    return send(self, request)

URLLib3Session.send = watch

def see(chain, context, response):
    if context.operation is None:
        return
    metadata = context.internal_request_params
    seen.append([context.operation.name, context.region, context.account_id, context.is_internal_call, metadata])
    if context.operation.name == "ListKeys":
        connect_to().sqs.create_queue(QueueName="from-a-handler")
    if context.operation.name == "GetSessionToken":
        raise CommonServiceException("Refused", "not you", 403)

def identity(request):
    return connect_to(aws_access_key_id="123456789012", region_name="eu-west-1").sts.get_caller_identity()["Account"]

def in_role(request):
    role = "arn:aws:iam::222222222222:role/worker"
    clients = connect_to.with_assumed_role(role_arn=role, service_principal="lambda", region_name="eu-west-1",
                                           session_name=request.args.get("session"))
    clients.sqs.create_queue(QueueName="of-the-role")
    arn = clients.sts.get_caller_identity()["Arn"]
    return [arn, clients.sqs is clients.sqs, [call for call in seen[-3:]]]

def names(request):
    clients = connect_to()
    pools = clients.cognito_idp.list_user_pools(MaxResults=1)["UserPools"]
    return [clients.lambda_.list_functions()["Functions"], pools,
            clients.get_client("cognito-idp").meta.service_model.service_name, hasattr(clients, "no_such_service")]

def on_behalf(request):
    sqs = connect_to().sqs.request_metadata(source_arn="arn:aws:sns:::t", service_principal="sns")
    sqs.list_queues()
    connect_to().sqs.list_queues()
    return seen[-2:]

def objects(request):
    s3 = connect_to().s3
    s3.create_bucket(Bucket="inner")
    s3.put_object(Bucket="inner", Key="a/b c%2F", Body=b"\\x00\\xff" * 50_000, Metadata={"k": "v"})
    answer = s3.get_object(Bucket="inner", Key="a/b c%2F")
    length = sum(len(chunk) for chunk in answer["Body"].iter_chunks())
    head = s3.head_object(Bucket="inner", Key="a/b c%2F")
    keys = [o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket="inner") for o in page["Contents"]]
    return [length, head["ContentLength"], head["Metadata"], keys]

def failing(request):
    try:
        connect_to().sts.get_session_token()
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]

def externally(request):
    before = len(over_network)
    connect_externally_to().sqs.list_queues()
    connect_externally_to(region_name="eu-central-1", aws_access_key_id="222222222222").sqs.list_queues()
    return [len(over_network) - before, seen[-2:]]

def same(request):
    config = Config(read_timeout=5)
    clients = connect_to(config=config)
    factory = InternalClientFactory()
    made = []
    factory._get_client_post_hook = lambda client: made.append(client) or client
    factory().sqs, factory().sqs, factory(region_name="eu-west-1").sqs
    return [connect_to().sqs is connect_to().sqs, clients.sqs is connect_to().sqs, len(made)]

def child(request):
    code = "from localstack.aws.connect import connect_to; print(connect_to().sqs.list_queues()['QueueUrls'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    return [done.stdout, done.stderr]

def fork(request):
    create = connect_to().sqs.create_queue
    child = multiprocessing.get_context("fork").Process(target=create, kwargs={"QueueName": "forked"})
    child.start()
    child.join(30)
    return [child.exitcode, connect_to().sqs.get_queue_url(QueueName="forked")["QueueUrl"].rpartition("/")[2]]

def at_once(request):
    def work(number):
        sqs = connect_to(aws_access_key_id=f"{number:012d}").sqs
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
        found[number] = sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]
    found = {}
    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return found

class TheExtension(Extension):
    name = "caller"
    def on_extension_load(self):
        connect_to().sqs.create_queue(QueueName="made-at-load")
    def on_platform_start(self):
        print("start:", connect_to().sqs.list_queues()["QueueUrls"], over_network)
    def update_gateway_routes(self, router):
        connect_to().sqs.create_queue(QueueName="made-by-a-hook")
        for endpoint in (identity, in_role, names, on_behalf, objects, failing, externally, same, child, fork, at_once):
            router.add(f"/{endpoint.__name__}", endpoint)
        router.add("/network", lambda request: over_network)
        router.add("/last", lambda request: seen[-1])
    def update_request_handlers(self, handlers):
        handlers.append(see)
    def on_platform_ready(self):
        print("ready:", connect_to().sqs.list_queues()["QueueUrls"])
    def on_platform_shutdown(self):
        print("shutdown:", connect_to().sqs.create_queue(QueueName="last")["QueueUrl"], over_network)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = Home(tmp_path_factory.mktemp("connect"))
    home.write_extension("caller", EXTENSION)
    with platforms_of(home) as start:
        yield start()


def test_hooks_reach_aws_before_the_port_is_open(platform: Platform) -> None:
    queue = r"'http://localhost:\d+/000000000000/made-{}'"
    platform.wait_for(rf"start: \[{queue.format('at-load')}\] \[\]", platform.stdout)
    platform.wait_for(rf"ready: \[{queue.format('at-load')}, {queue.format('by-a-hook')}\]", platform.stdout)


def test_the_access_key_names_the_account(platform: Platform) -> None:
    assert platform.get("/identity").text == "123456789012"


def test_clients_may_act_in_a_role(platform: Platform) -> None:
    arn, is_one_client, calls = platform.ask("/in_role?session=mine")
    assert arn == "arn:aws:sts::222222222222:assumed-role/worker/mine"
    assert is_one_client
    assert calls == [
        ["AssumeRole", "eu-west-1", "000000000000", True, {"service_principal": "lambda"}],
        ["CreateQueue", "eu-west-1", "222222222222", True, {}],
        ["GetCallerIdentity", "eu-west-1", "222222222222", True, {}],
    ]
    assert re.fullmatch(r".*/session-[0-9a-f]{8}", platform.ask("/in_role")[0])


def test_services_go_by_their_python_names(platform: Platform) -> None:
    assert platform.ask("/names") == [[], [], "cognito-idp", False]


def test_handlers_see_what_an_internal_call_carries(platform: Platform) -> None:
    metadata = {"source_arn": "arn:aws:sns:::t", "service_principal": "sns"}
    assert platform.ask("/on_behalf") == [
        ["ListQueues", "us-east-1", "000000000000", True, metadata],
        ["ListQueues", "us-east-1", "000000000000", True, {}],
    ]


def test_objects_of_s3_go_both_ways(platform: Platform) -> None:
    assert platform.ask("/objects") == [100_000, 100_000, {"k": "v"}, ["a/b c%2F"]]


def test_an_error_arrives_at_once(platform: Platform) -> None:
    assert platform.ask("/failing") == ["Refused", 403]


def test_a_handler_may_call_aws_while_it_handles_a_call(platform: Platform) -> None:
    platform.client("kms").list_keys()
    assert platform.client("sqs").get_queue_url(QueueName="from-a-handler")


def test_a_client_is_made_once(platform: Platform) -> None:
    assert platform.ask("/same") == [True, False, 2]


def test_many_threads_may_call_at_once(platform: Platform) -> None:
    assert platform.ask("/at_once") == {str(number): str(number) for number in range(16)}


def test_external_clients_go_over_the_network_as_anybody(platform: Platform) -> None:
    count, seen = platform.ask("/externally")
    assert count == 2
    assert seen == [
        ["ListQueues", "us-east-1", "000000000000", False, None],
        ["ListQueues", "eu-central-1", "222222222222", False, None],
    ]


def test_nobody_outside_can_pass_for_an_internal_client(platform: Platform) -> None:
    sqs = platform.client("sqs")
    header = {"x-localstack-data": '{"service_principal": "lambda"}'}
    sqs.meta.events.register("before-call", lambda params, **_: params["headers"].update(header))
    sqs.list_queues()
    assert platform.ask("/last") == ["ListQueues", "us-east-1", "000000000000", False, None]


def test_another_process_connects_to_the_port(platform: Platform) -> None:
    queues, error = platform.ask("/child")
    assert "/000000000000/made-by-a-hook" in queues, error


def test_what_a_forked_process_does_is_seen_by_all(platform: Platform) -> None:
    """It has a copy of the emulation, in which nobody else would find anything."""
    assert platform.ask("/fork") == [0, "forked"]


def test_no_internal_call_went_over_the_network(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Shutdown is the last hook; while it runs, calls from outside are refused and internal ones answered."""
    home = Home(tmp_path_factory.mktemp("shutdown"))
    home.write_extension("caller", EXTENSION)
    with platforms_of(home) as start:
        platform = start()
        for path in ("/objects", "/on_behalf", "/at_once"):
            platform.get(path)
        platform.signal()
        platform.wait_for(r"shutdown: http://localhost:\d+/000000000000/last \[\]", platform.stdout)


def test_a_name_that_is_no_service_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no-such-thing"):
        connect_to().no_such_thing  # noqa: B018
