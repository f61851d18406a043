"""httpbin: the well-known test server in a process of its own, at a host of its own."""

from __future__ import annotations

from corpus.published import Published, Tier
from corpus.visit import Visit


def check(visit: Visit) -> None:
    visit.get_until(200, "/get", "httpbin")  # the extension starts its server and does not wait for it
    assert visit.get("/get?a=1", "httpbin").json()["args"] == {"a": "1"}
    assert visit.get("/status/418", "httpbin").status_code == 418
    assert visit.request("POST", "/post", "httpbin", data={"k": "v"}).json()["form"] == {"k": "v"}
    assert visit.request("PUT", "/anything/deep/path", "httpbin", json={"x": [1]}).json()["json"] == {"x": [1]}
    assert visit.get("/gzip", "httpbin").json()["gzipped"] is True
    assert visit.get("/brotli", "httpbin", headers={"Accept-Encoding": "br"}).headers["Content-Encoding"] == "br"
    assert len(visit.get("/stream/2", "httpbin").text.splitlines()) == 2
    page = visit.get("/", "httpbin")
    assert page.status_code == 200
    assert "httpbin" in page.text


PUBLISHED = Published("localstack-extension-httpbin", "httpbin", Tier.TOOLS, check)
