"""claude: a stand-in for the API of Anthropic at a host of its own."""

from __future__ import annotations

from collections.abc import Mapping

from corpus.published import Published, Tier
from corpus.visit import Visit
from platforms import Home

ANSWER = "Answered without a network."
QUESTION = {"max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}
HEADERS = {"x-api-key": "test-key", "anthropic-version": "2023-06-01"}


def prepare(home: Home) -> Mapping[str, str]:
    return {"CLAUDE_LOCAL_RESPONSE": ANSWER}


def check(visit: Visit) -> None:
    listed = visit.get("/v1/models", "claude", headers=HEADERS).json()["data"]
    one = visit.get(f"/v1/models/{listed[0]['id']}", "claude", headers=HEADERS).json()
    assert one["type"] == "model"
    question = QUESTION | {"model": one["id"]}
    answer = visit.request("POST", "/v1/messages", "claude", headers=HEADERS, json=question)
    assert answer.status_code == 200, answer.text
    assert answer.json()["content"] == [{"type": "text", "text": ANSWER}]
    streamed = visit.request(
        "POST", "/v1/messages", "claude", headers=HEADERS, json=question | {"stream": True}, stream=True
    )
    with streamed as stream:
        lines = [line for line in stream.iter_lines() if line]
    assert lines[0] == b"event: message_start"
    assert b"event: message_stop" in lines


PUBLISHED = Published("localstack-claude", "claude", Tier.API, check, prepare)
