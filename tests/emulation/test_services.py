"""boto3 against the services: each creates, uses, lists and deletes something."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from botocore.exceptions import ClientError

from aws_server import AwsServer


def test_sqs_passes_messages_in_json(aws: AwsServer) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "5"}, tags={"team": "a"})["QueueUrl"]
    assert url == f"{aws.url}/000000000000/jobs"
    attributes = {
        "kind": {"DataType": "String", "StringValue": "x"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sqs.send_message(QueueUrl=url, MessageBody="héllo", MessageAttributes=attributes)
    message = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
    assert (message["Body"], message["MessageAttributes"]["raw"]["BinaryValue"]) == ("héllo", b"\x00\xff")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"] == {
        "VisibilityTimeout": "5"
    }
    sqs.delete_queue(QueueUrl=url)
    assert "QueueUrls" not in sqs.list_queues()


def test_sqs_still_speaks_the_query_protocol(aws: AwsServer) -> None:
    created = _query(
        aws, "CreateQueue", QueueName="old", **{"Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "0"}
    )
    assert f"<QueueUrl>{aws.url}/000000000000/old</QueueUrl>" in created
    sent = requests.post(
        f"{aws.url}/000000000000/old", data={"Action": "SendMessage", "MessageBody": "by url"}, timeout=10
    )
    assert sent.status_code == 200, sent.text
    body = "<Body>by url</Body>"
    assert body in requests.get(f"{aws.url}/000000000000/old?Action=ReceiveMessage", timeout=10).text


def test_the_url_of_a_queue_names_its_account(aws: AwsServer) -> None:
    url = aws.client("sqs", account="123456789012").create_queue(QueueName="theirs")["QueueUrl"]
    assert requests.post(url, data={"Action": "SendMessage", "MessageBody": "unsigned"}, timeout=10).status_code == 200
    assert "<Body>unsigned</Body>" in requests.get(f"{url}?Action=ReceiveMessage", timeout=10).text


def test_sns_delivers_to_sqs(aws: AwsServer) -> None:
    sns, sqs = aws.client("sns"), aws.client("sqs")
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:inbox")
    sns.publish(TopicArn=topic, Message="extra", Subject="s")
    assert json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])["Message"] == "extra"
    assert [t["TopicArn"] for t in sns.list_topics()["Topics"]] == [topic]
    sns.delete_topic(TopicArn=topic)
    assert sns.list_topics()["Topics"] == []


def test_dynamodb_keeps_items(aws: AwsServer) -> None:
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName="people",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"id": {"S": "1"}, "data": {"B": b"\x00\x01"}, "age": {"N": "42"}, "tags": {"L": [{"S": "a"}]}}
    dynamodb.put_item(TableName="people", Item=item)
    assert dynamodb.get_item(TableName="people", Key={"id": {"S": "1"}})["Item"] == item
    assert dynamodb.scan(TableName="people")["Count"] == 1
    assert dynamodb.list_tables()["TableNames"] == ["people"]
    dynamodb.delete_table(TableName="people")
    assert dynamodb.list_tables()["TableNames"] == []


def test_sts_knows_the_caller_and_hands_out_roles(aws: AwsServer) -> None:
    sts = aws.client("sts")
    assert sts.get_caller_identity()["Account"] == "000000000000"
    role = sts.assume_role(RoleArn="arn:aws:iam::000000000000:role/r", RoleSessionName="me")
    assert role["AssumedRoleUser"]["Arn"] == "arn:aws:sts::000000000000:assumed-role/r/me"


def test_iam_has_users_and_the_policies_that_aws_manages(aws: AwsServer) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="ada")
    iam.attach_user_policy(UserName="ada", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    attached = iam.list_attached_user_policies(UserName="ada")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["ReadOnlyAccess"]
    iam.detach_user_policy(UserName="ada", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.delete_user(UserName="ada")
    assert iam.list_users()["Users"] == []


def test_ssm_and_secretsmanager_keep_values(aws: AwsServer) -> None:
    ssm, secrets = aws.client("ssm"), aws.client("secretsmanager")
    ssm.put_parameter(Name="/app/url", Value="http://x", Type="String")
    assert ssm.get_parameters_by_path(Path="/app")["Parameters"][0]["Value"] == "http://x"
    ssm.delete_parameter(Name="/app/url")
    assert ssm.describe_parameters()["Parameters"] == []
    secrets.create_secret(Name="key", SecretBinary=b"\xff\x00")
    assert secrets.get_secret_value(SecretId="key")["SecretBinary"] == b"\xff\x00"
    secrets.delete_secret(SecretId="key", ForceDeleteWithoutRecovery=True)
    assert secrets.list_secrets()["SecretList"] == []


def test_lambda_keeps_functions_without_docker(aws: AwsServer) -> None:
    role = aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("app.py", "def handler(event, context): return event")
    functions = aws.client("lambda")
    arn = functions.create_function(
        FunctionName="f", Runtime="python3.12", Role=role, Handler="app.handler", Code={"ZipFile": archive.getvalue()}
    )["FunctionArn"]
    functions.tag_resource(Resource=arn, Tags={"a": "b"})
    assert functions.list_tags(Resource=arn)["Tags"] == {"a": "b"}
    assert functions.invoke(FunctionName="f", Payload=b"{}")["StatusCode"] == 200
    assert [f["FunctionName"] for f in functions.list_functions()["Functions"]] == ["f"]
    functions.delete_function(FunctionName="f")
    assert functions.list_functions()["Functions"] == []


def test_a_receipt_rule_of_ses_may_name_a_function(aws: AwsServer) -> None:
    role = aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = {"ZipFile": b"not looked into"}
    arn = aws.client("lambda").create_function(
        FunctionName="f", Runtime="python3.12", Role=role, Handler="app.handler", Code=code
    )["FunctionArn"]
    ses = aws.client("ses")
    ses.create_receipt_rule_set(RuleSetName="rules")
    rule = {"Name": "r", "Actions": [{"LambdaAction": {"FunctionArn": arn}}]}
    ses.create_receipt_rule(RuleSetName="rules", Rule=rule)
    assert ses.describe_receipt_rule_set(RuleSetName="rules")["Rules"][0]["Actions"] == rule["Actions"]
    rule = {"Name": "other", "Actions": [{"LambdaAction": {"FunctionArn": arn + "-not-there"}}]}
    with pytest.raises(ClientError, match="InvalidLambdaFunction"):
        ses.create_receipt_rule(RuleSetName="rules", Rule=rule)


def test_ec2_runs_and_ends_instances(aws: AwsServer) -> None:
    ec2 = aws.client("ec2")
    group = ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    image = ec2.describe_images()["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SecurityGroupIds=[group])["Instances"][0]
    filters = [{"Name": "instance-state-name", "Values": ["running"]}]
    assert len(ec2.describe_instances(Filters=filters)["Reservations"]) == 1
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    assert ec2.describe_instances(Filters=filters)["Reservations"] == []


def test_cloudformation_makes_and_deletes_resources(aws: AwsServer) -> None:
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "made"}}},
        "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}},
    }
    stacks, sqs = aws.client("cloudformation"), aws.client("sqs")
    stacks.create_stack(StackName="s", TemplateBody=json.dumps(template), Tags=[{"Key": "a", "Value": "b"}])
    stack = stacks.describe_stacks(StackName="s")["Stacks"][0]
    assert (stack["StackStatus"], stack["Outputs"][0]["OutputValue"]) == ("CREATE_COMPLETE", "made")
    assert sqs.list_queues()["QueueUrls"] == [f"{aws.url}/000000000000/made"]
    stacks.delete_stack(StackName="s")
    assert "QueueUrls" not in sqs.list_queues()


def test_services_that_share_a_signing_name_are_told_apart(aws: AwsServer) -> None:
    assert aws.client("elb").describe_load_balancers()["LoadBalancerDescriptions"] == []
    assert aws.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    aws.client("ses").verify_email_identity(EmailAddress="a@example.com")
    assert aws.client("sesv2").list_email_identities()["EmailIdentities"][0]["IdentityName"] == "a@example.com"
    assert aws.client("apigateway").get_rest_apis()["items"] == []
    assert aws.client("apigatewayv2").get_apis()["Items"] == []
    assert aws.client("dynamodbstreams").list_streams()["Streams"] == []
    assert aws.client("rds").describe_db_instances()["DBInstances"] == []
    assert aws.client("es").list_domain_names()["DomainNames"] == []
    assert aws.client("opensearch").list_domain_names()["DomainNames"] == []


def test_metrics_sent_gzipped_arrive(aws: AwsServer) -> None:
    cloudwatch = aws.client("cloudwatch")
    data = [{"MetricName": f"m{number}", "Value": 1.0, "Unit": "Count"} for number in range(400)]
    cloudwatch.put_metric_data(Namespace="many", MetricData=data)
    assert len(cloudwatch.list_metrics(Namespace="many")["Metrics"]) == 400


def test_the_first_calls_may_come_from_32_threads_at_once() -> None:
    """In a fresh process: the first import of moto is part of the race."""

    script = Path(__file__).with_name("first_calls.py")
    answer = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (answer.stdout, answer.returncode) == ("32 answered\n", 0), answer.stderr


def test_32_threads_each_find_their_own_messages(aws: AwsServer) -> None:
    def work(number: int) -> str:
        sqs = clients[number]
        url = sqs.create_queue(QueueName=f"q{number}")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
        body: str = sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]
        return body

    clients = [aws.client("sqs") for _ in range(32)]
    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(work, range(32))) == [str(number) for number in range(32)]


def test_reset_forgets_everything(aws: AwsServer) -> None:
    aws.client("sqs").create_queue(QueueName="q")
    aws.emulation.reset()
    assert "QueueUrls" not in aws.client("sqs").list_queues()
    with pytest.raises(ClientError, match="NonExistentQueue"):
        aws.client("sqs").get_queue_url(QueueName="q")


def _query(aws: AwsServer, action: str, **parameters: str) -> str:
    form = {"Action": action, "Version": "2012-11-05"} | parameters
    answer = requests.post(aws.url, data=form, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.text
