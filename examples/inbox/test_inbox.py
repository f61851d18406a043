"""Against a platform that runs with the extension: ``AWS_ENDPOINT_URL``, without it http://localhost:4566."""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

URL = os.environ.get("AWS_ENDPOINT_URL", "http://localhost:4566")
MAILS = f"{URL}/_aws/ses"
SMS = f"{URL}/_aws/sns/sms-messages"


def client(service: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, "us-east-1", endpoint_url=URL, **keys)


def test_mails_are_kept_whichever_way_they_were_sent() -> None:
    requests.delete(MAILS, timeout=10)
    ses, sesv2 = client("ses"), client("sesv2")
    ses.verify_email_identity(EmailAddress="shop@example.com")
    to = {"ToAddresses": ["jane@example.com"]}
    content = {"Subject": {"Data": "Order"}, "Body": {"Text": {"Data": "Thanks"}, "Html": {"Data": "<b>Thanks</b>"}}}
    first = ses.send_email(Source="shop@example.com", Destination=to, Message=content)["MessageId"]
    sesv2.send_email(FromEmailAddress="shop@example.com", Destination=to, Content={"Simple": content})
    raw = b"From: shop@example.com\r\nTo: jane@example.com\r\nSubject: raw\r\n\r\nhello"
    last = ses.send_raw_email(RawMessage={"Data": raw})["MessageId"]
    ses.create_template(Template={"TemplateName": "hi", "SubjectPart": "Hi {{name}}", "TextPart": "Dear {{name}}"})
    ses.send_templated_email(Source="shop@example.com", Destination=to, Template="hi", TemplateData='{"name": "Jane"}')
    with pytest.raises(ClientError):
        ses.send_email(Source="stranger@example.org", Destination=to, Message=content)

    kept = requests.get(MAILS, timeout=10).json()["messages"]
    assert [mail["Source"] for mail in kept] == ["shop@example.com"] * 4
    assert kept[0]["Id"] == first
    assert kept[0]["Destination"]["ToAddresses"] == ["jane@example.com"]
    for mail in kept[:2]:
        assert (mail["Subject"], mail["Body"]) == ("Order", {"text_part": "Thanks", "html_part": "<b>Thanks</b>"})
    assert kept[2]["RawData"] == raw.decode()
    assert (kept[3]["Template"], kept[3]["TemplateData"]) == ("hi", '{"name": "Jane"}')

    assert requests.get(MAILS, params={"email": "nobody@example.com"}, timeout=10).json() == {"messages": []}
    assert requests.delete(MAILS, params={"id": first}, timeout=10).status_code == 204
    assert len(requests.get(MAILS, timeout=10).json()["messages"]) == 3
    assert requests.get(MAILS, params={"id": last}, timeout=10).json()["messages"] == [kept[2]]


def test_short_messages_are_kept_by_number() -> None:
    requests.delete(SMS, timeout=10)
    sns = client("sns")
    sns.publish(PhoneNumber="+49151000", Message="Your code is 4711")
    sns.publish(PhoneNumber="+49152000", Message="Hello")
    sns.publish(TopicArn=sns.create_topic(Name="news")["TopicArn"], Message="for subscribers")
    kept = requests.get(SMS, timeout=10).json()
    assert kept["region"] == "us-east-1"
    assert {number: [m["Message"] for m in found] for number, found in kept["sms_messages"].items()} == {
        "+49151000": ["Your code is 4711"],
        "+49152000": ["Hello"],
    }
    requests.delete(SMS, params={"phoneNumber": "+49151000"}, timeout=10)
    assert list(requests.get(SMS, timeout=10).json()["sms_messages"]) == ["+49152000"]
    assert requests.get(SMS, params={"region": "eu-west-1"}, timeout=10).json()["sms_messages"] == {}


def test_notifications_of_apps_are_kept_by_endpoint() -> None:
    sns = client("sns")
    attributes = {"PlatformCredential": "secret", "PlatformPrincipal": "public"}
    app = sns.create_platform_application(Name="app", Platform="GCM", Attributes=attributes)["PlatformApplicationArn"]
    endpoint = sns.create_platform_endpoint(PlatformApplicationArn=app, Token="phone")["EndpointArn"]
    sns.publish(TargetArn=endpoint, Message="Goal!", Subject="Match")
    url = f"{URL}/_aws/sns/platform-endpoint-messages"
    kept = requests.get(url, params={"endpointArn": endpoint}, timeout=10).json()["platform_endpoint_messages"]
    assert [(m["Message"], m["Subject"], m["TargetArn"]) for m in kept[endpoint]] == [("Goal!", "Match", endpoint)]
