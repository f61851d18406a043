"""mailhog: catches the mails that SES sends and shows them. A stand-in takes the place of the program it downloads."""

from __future__ import annotations

from collections.abc import Mapping

from corpus.published import Published, Tier
from corpus.stand_in import preseed
from corpus.visit import Visit
from platforms import Home, free_port


def prepare(home: Home) -> Mapping[str, str]:
    preseed("mailhog.py", home.volume / "lib" / "mailhog" / "v1.0.1" / "MailHog_linux_amd64")
    return {"MH_SMTP_BIND_ADDR": f"127.0.0.1:{free_port()}"}


def check(visit: Visit) -> None:
    page = visit.get_until(200, "/_extension/mailhog/")
    assert "<html" in page.text
    assert visit.get("/", "mailhog").status_code == 200
    ses = visit.client("ses")
    ses.verify_email_identity(EmailAddress="ann@example.com")
    ses.send_email(
        Source="ann@example.com",
        Destination={"ToAddresses": ["bob@example.com"]},
        Message={"Subject": {"Data": "A lean-to"}, "Body": {"Text": {"Data": "It stands."}}},
    )
    messages = "/_extension/mailhog/api/v2/messages"
    visit.until(lambda: visit.get(messages).json()["total"] == 1, "the mail arrives")
    for path, subdomain in ((messages, None), ("/api/v2/messages", "mailhog")):
        caught = visit.get(path, subdomain).json()
        assert caught["items"][0]["Content"]["Headers"]["Subject"] == ["A lean-to"]
        assert "It stands." in caught["items"][0]["Content"]["Body"]


PUBLISHED = Published("localstack-extension-mailhog", "mailhog", Tier.TOOLS, check, prepare)
