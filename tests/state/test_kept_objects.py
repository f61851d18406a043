"""What pickle can't do by itself comes back all the same: locks, keys, certificates, functions, references, threads."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aws_server import AwsServer

ROLE = "arn:aws:iam::000000000000:role/role"
Look = Callable[[], Any]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    home = tmp_path_factory.mktemp("home")
    (home / "volume" / "tmp").mkdir(parents=True)
    server = AwsServer({"HOME": str(home), "CONFIG_DIR": str(home), "LOCALSTACK_VOLUME_DIR": str(home / "volume")})
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _empty(aws: AwsServer) -> None:
    aws.emulation.reset()


def certificates(aws: AwsServer) -> Look:
    acm = aws.client("acm")
    arn = acm.request_certificate(DomainName="example.com")["CertificateArn"]
    return lambda: acm.get_certificate(CertificateArn=arn)["Certificate"]


def user_pools(aws: AwsServer) -> Look:
    cognito = aws.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="pool")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="client")["UserPoolClient"]["ClientId"]
    cognito.sign_up(ClientId=client, Username="jane", Password="Secret-123456")
    cognito.admin_confirm_sign_up(UserPoolId=pool, Username="jane")

    def log_in() -> list[str]:
        tokens = cognito.initiate_auth(
            ClientId=client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "jane", "PASSWORD": "Secret-123456"},
        )
        return sorted(tokens["AuthenticationResult"])

    return log_in


def repositories(aws: AwsServer) -> Look:
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName="images")
    return lambda: [repository["repositoryName"] for repository in ecr.describe_repositories()["repositories"]]


def functions(aws: AwsServer) -> Look:
    aws.client("ses").list_identities()  # from then on SES looks for functions elsewhere than moto has it
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "def handler(event, context): return event")
    aws.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    function = aws.client("lambda")
    arn = function.create_function(
        FunctionName="echo", Runtime="python3.12", Role=ROLE, Handler="main.handler", Code={"ZipFile": code.getvalue()}
    )["FunctionArn"]
    return lambda: function.get_function(FunctionName=arn)["Configuration"]["CodeSha256"]


def parameters(aws: AwsServer) -> Look:
    ssm = aws.client("ssm")
    ssm.put_parameter(Name="/a", Value="1", Type="String")
    ssm.put_parameter(Name="/a", Value="2", Type="String", Overwrite=True)
    command = ssm.send_command(InstanceIds=["i-1"], DocumentName="AWS-RunShellScript")["Command"]["CommandId"]
    return lambda: (
        [version["Value"] for version in ssm.get_parameter_history(Name="/a")["Parameters"]],
        [each["CommandId"] for each in ssm.list_commands()["Commands"]] == [command],
    )


def attributes(aws: AwsServer) -> Look:
    sdb = aws.client("sdb")
    sdb.create_domain(DomainName="domain")
    sdb.put_attributes(DomainName="domain", ItemName="item", Attributes=[{"Name": "n", "Value": "v"}])
    return lambda: sdb.get_attributes(DomainName="domain", ItemName="item")["Attributes"]


def applications(aws: AwsServer) -> Look:
    beanstalk = aws.client("elasticbeanstalk")
    beanstalk.create_application(ApplicationName="app")
    beanstalk.create_environment(ApplicationName="app", EnvironmentName="environment", SolutionStackName="64bit")
    return lambda: [each["EnvironmentName"] for each in beanstalk.describe_environments()["Environments"]]


def jobs(aws: AwsServer) -> Look:
    ec2, batch = aws.client("ec2"), aws.client("batch")
    aws.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    environment = batch.create_compute_environment(
        computeEnvironmentName="environment",
        type="MANAGED",
        serviceRole=ROLE,
        computeResources={
            "type": "FARGATE",
            "maxvCpus": 1,
            "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
            "securityGroupIds": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
        },
    )["computeEnvironmentArn"]
    queue = batch.create_job_queue(
        jobQueueName="queue",
        state="ENABLED",
        priority=1,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
    )["jobQueueArn"]
    container = {
        "image": "busybox",
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
    }
    definition = batch.register_job_definition(
        jobDefinitionName="definition", type="container", containerProperties=container
    )["jobDefinitionArn"]
    job = batch.submit_job(jobName="job", jobQueue=queue, jobDefinition=definition)["jobId"]
    return lambda: [(each["jobName"], each["status"]) for each in batch.describe_jobs(jobs=[job])["jobs"]]


def executions(aws: AwsServer) -> Look:
    aws.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    states = aws.client("stepfunctions")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    machine = states.create_state_machine(name="machine", definition=definition, roleArn=ROLE)["stateMachineArn"]
    states.start_execution(stateMachineArn=machine, name="run", input="{}")
    return lambda: [run["name"] for run in states.list_executions(stateMachineArn=machine)["executions"]]


def workflows(aws: AwsServer) -> Look:
    """A workflow with a time-out has a running timer."""
    swf = aws.client("swf")
    swf.register_domain(name="domain", workflowExecutionRetentionPeriodInDays="1")
    kind = {"name": "kind", "version": "1"}
    swf.register_workflow_type(domain="domain", **kind)
    run = swf.start_workflow_execution(
        domain="domain",
        workflowId="id",
        workflowType=kind,
        taskList={"name": "tasks"},
        childPolicy="TERMINATE",
        executionStartToCloseTimeout="3600",
        taskStartToCloseTimeout="300",
    )["runId"]
    execution = {"workflowId": "id", "runId": run}
    return lambda: swf.describe_workflow_execution(domain="domain", execution=execution)["executionInfo"][
        "executionStatus"
    ]


def peerings(aws: AwsServer) -> Look:
    """EC2 finds the other side's region through weak references that its constructor makes."""
    near, far = aws.client("ec2"), aws.client("ec2", region_name="eu-west-1")
    one = near.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    other = far.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]

    def peer() -> str:
        answer = near.create_vpc_peering_connection(VpcId=one, PeerVpcId=other, PeerRegion="eu-west-1")
        return str(answer["VpcPeeringConnection"]["AccepterVpcInfo"]["CidrBlock"])

    return peer


def organizations(aws: AwsServer) -> Look:
    client = aws.client("organizations")
    client.create_organization(FeatureSet="ALL")
    client.create_account(Email="a@example.com", AccountName="account")
    member = next(a["Id"] for a in client.list_accounts()["Accounts"] if a["Name"] == "account")
    return lambda: aws.client("organizations", account=member).describe_organization()["Organization"]["Id"]


def uploads(aws: AwsServer) -> Look:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    upload = s3.create_multipart_upload(Bucket="bucket", Key="key")["UploadId"]
    tag = s3.upload_part(Bucket="bucket", Key="key", UploadId=upload, PartNumber=1, Body=b"part")["ETag"]

    def finish() -> bytes:
        parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
        s3.complete_multipart_upload(Bucket="bucket", Key="key", UploadId=upload, MultipartUpload=parts)
        content: bytes = s3.get_object(Bucket="bucket", Key="key")["Body"].read()
        s3.create_multipart_upload(Bucket="bucket", Key="key")
        return content

    return finish


@pytest.mark.parametrize(
    "make",
    [
        certificates,
        user_pools,
        repositories,
        functions,
        parameters,
        attributes,
        applications,
        jobs,
        executions,
        workflows,
        organizations,
    ],
)
def test_a_service_answers_as_before(make: Callable[[AwsServer], Look], aws: AwsServer) -> None:
    look = make(aws)
    before = look()
    assert before
    saved_and_loaded(aws)
    assert look() == before


@pytest.mark.parametrize(("make", "expected"), [(peerings, "10.2.0.0/16"), (uploads, b"part")])
def test_what_was_begun_before_can_be_ended(
    make: Callable[[AwsServer], Look], expected: object, aws: AwsServer
) -> None:
    look = make(aws)
    saved_and_loaded(aws)
    assert look() == expected


def test_what_a_save_left_alone_is_as_it_would_be_written_now(aws: AwsServer) -> None:
    """Services change each other, and no save may miss it: a pod is written anew each time, so the two are equal."""
    for make in (parameters, attributes, executions, organizations, uploads, peerings, repositories):
        look = make(aws)
        aws.emulation.state.save()
        look()
        saved, whole = aws.emulation.state.save(), aws.emulation.state.save_pod("whole")
        assert set(saved.sections) == set(whole.sections), make.__name__
    assert len(saved.sections) > 5


def saved_and_loaded(aws: AwsServer) -> None:
    """Twice: what was read has to be what can be written."""
    for _ in range(2):
        assert not aws.emulation.state.save_pod("all").lost
        aws.emulation.reset()
        aws.emulation.state.load_pod("all", "overwrite")
