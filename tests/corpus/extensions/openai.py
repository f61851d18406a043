"""openai: a stand-in for the API of OpenAI, below a path and at a host of its own."""

from __future__ import annotations

from corpus.published import Published, Tier
from corpus.visit import Visit

QUESTION = {"model": "gpt-4", "messages": [{"role": "user", "content": "Hello"}]}


def check(visit: Visit) -> None:
    for path, subdomain in (("/_extension/openai", None), ("", "openai")):
        engines = visit.get(f"{path}/v1/engines", subdomain)
        assert engines.status_code == 200
        assert engines.json()["object"] == "list"
        answer = visit.request("POST", f"{path}/v1/chat/completions", subdomain, json=QUESTION).json()
        assert answer["choices"][0]["message"]["content"]
    streamed = visit.request(
        "POST", "/_extension/openai/v1/chat/completions", json={**QUESTION, "stream": True}, stream=True
    )
    with streamed as stream:
        events = [line for line in stream.iter_lines() if line]
    assert events[0].startswith(b"data: {")
    image = visit.request("POST", "/_extension/openai/v1/images/generations", json={"prompt": "a house"})
    assert image.json()["data"]
    sound = {"file": ("hello.mp3", b"ID3", "audio/mpeg")}
    heard = visit.request("POST", "/_extension/openai/v1/audio/transcriptions", files=sound)
    assert heard.status_code == 200, heard.text


PUBLISHED = Published("localstack-extension-openai", "openai", Tier.API, check)
