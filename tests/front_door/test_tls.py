"""TLS on the one port, by the first byte; the certificate is made on this machine, or is the user's own."""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from rolo import Response
from websockets.sync.client import connect

from doors import DEADLINE_SECONDS, Client, Door, request, wait_until
from localstack.host.errors import SettingError
from localstack.host.gateway.certificate import ServerCertificate, certified_names, check_custom_certificate
from localstack.host.settings import HostAndPort, Settings
from platforms import Home, Platform

BIG = random.Random(2).randbytes(5_000_003)

EXTENSION = """
from rolo import route
from rolo.websocket import WebSocketRequest
from localstack.extensions.api import Extension

class Api:
    @route("/secure/scheme")
    def scheme(self, request):
        return {"scheme": request.scheme, "url": request.url}

    @route("/secure/socket", methods=["WEBSOCKET"])
    def socket(self, request: WebSocketRequest):
        with request.accept() as socket:
            for message in socket:
                socket.send(message * 2)

class TheExtension(Extension):
    name = "secure"

    def update_gateway_routes(self, router):
        router.add(Api())
"""


def settings_for(folder: Path, **environ: str) -> Settings:
    return Settings.load({"CONFIG_DIR": str(folder), "LOCALSTACK_VOLUME_DIR": str(folder / "volume"), **environ})


def pem_of(door: Door) -> Path:
    """The certificate of a door, after it was made."""
    path = door.folder / "volume" / "cache" / "server.pem"
    if not path.exists():
        connect_tls(door.port, trusting_everything()).close()
    return path


def trusting_everything() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def connect_tls(port: int, context: ssl.SSLContext, name: str | None = "localhost") -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS)
    return context.wrap_socket(plain, server_hostname=name, suppress_ragged_eofs=False)


class TlsClient(Client):
    """A client that reads answers strictly, on a TLS connection."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None, receive_buffer: int | None = None) -> None:
        super().__init__(port, receive_buffer)
        self._reader.close()
        self.sock = (context or trusting_everything()).wrap_socket(
            self.sock, server_hostname="localhost", suppress_ragged_eofs=False
        )
        self._reader = self.sock.makefile("rb")


# what clients do


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "127.0.0.1",
        "::1",
        "localhost.localstack.cloud",
        "hello.localhost.localstack.cloud",
        "bucket.s3.localhost.localstack.cloud",
        "bucket.s3.eu-west-1.localhost.localstack.cloud",
        "sqs.us-east-1.localhost.localstack.cloud",
        "abc.execute-api.localhost.localstack.cloud",
        "abc.lambda-url.us-east-1.localhost.localstack.cloud",
    ],
)
def test_who_trusts_the_certificate_trusts_the_name(door: Door, name: str) -> None:
    context = ssl.create_default_context(cafile=pem_of(door))
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # Python 3.13's default

    with connect_tls(door.port, context, name) as sock:
        sock.sendall(request("/echo"))
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_other_names_and_the_trust_of_strangers_are_not_given(door: Door) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        connect_tls(door.port, ssl.create_default_context(cafile=pem_of(door)), "example.com")
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        connect_tls(door.port, ssl.create_default_context())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_of_today_is_spoken(door: Door, version: ssl.TLSVersion) -> None:
    context = trusting_everything()
    context.minimum_version = context.maximum_version = version
    with TlsClient(door.port, context) as client:
        assert client.ask("/echo", "POST", b"x" * 100_000).json()["length"] == 100_000
        assert client.ask("/echo").status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning", "ignore:ssl.TLSVersion.TLSv1_1")
def test_old_tls_is_refused(door: Door) -> None:
    context = trusting_everything()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        connect_tls(door.port, context)
    assert door.is_answering()


def test_http_client_and_requests_speak_tls(door: Door) -> None:
    pem = pem_of(door)
    plain = http.client.HTTPSConnection("localhost", door.port, context=ssl.create_default_context(cafile=pem))
    for _ in range(2):
        plain.request("PUT", "/echo", b"body")
        assert json.loads(plain.getresponse().read())["body"] == "body"
    plain.close()
    with requests.Session() as session:
        url = f"https://localhost:{door.port}/echo"
        assert session.put(url, data=BIG, verify=str(pem), timeout=DEADLINE_SECONDS).json()["length"] == len(BIG)
        chunks = (BIG[start : start + 99_999] for start in range(0, len(BIG), 99_999))
        assert session.put(url, data=chunks, verify=str(pem), timeout=DEADLINE_SECONDS).json()["length"] == len(BIG)


def test_plain_and_tls_are_served_side_by_side(door: Door) -> None:
    with door.connect() as plain, TlsClient(door.port) as secure:
        for _ in range(3):
            assert plain.ask("/echo").status == 200
            assert secure.ask("/echo").status == 200


def test_a_request_may_come_byte_by_byte(door: Door) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = trusting_everything().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", door.port), DEADLINE_SECONDS) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def send() -> None:
            for byte in outgoing.read():
                sock.sendall(bytes([byte]))

        def until_done(action: Callable[[], object]) -> object:
            while True:
                try:
                    done = action()
                except ssl.SSLWantReadError:
                    send()
                    incoming.write(sock.recv(1))
                else:
                    send()
                    return done

        until_done(session.do_handshake)
        until_done(lambda: session.write(request("/echo", "POST", b"abc")))
        answer = until_done(lambda: session.read(65536))
    assert isinstance(answer, bytes)
    assert answer.startswith(b"HTTP/1.1 200 OK")


def test_pipelined_requests_in_one_record_are_all_answered(door: Door) -> None:
    with TlsClient(door.port) as client:
        client.send(b"".join(request(f"/echo/{number}") for number in range(50)))
        assert [client.read().json()["raw"] for _ in range(50)] == [f"/echo/{number}" for number in range(50)]


def test_a_big_answer_reaches_a_slow_reader_whole(door: Door) -> None:
    door.routes["/big"] = lambda request: Response(BIG * 4)
    door.routes["/parts"] = lambda request: Response([BIG] * 4)
    with TlsClient(door.port, receive_buffer=4096) as client:
        for path in ("/big", "/parts"):
            assert client.ask(path).body == BIG * 4


def test_a_big_body_and_what_follows_it_arrive_whole(door: Door) -> None:
    door.routes["/digest"] = lambda request: hashlib.sha256(request.get_data()).hexdigest()
    bodies = [BIG * 4, b"", b"x" * 70_000]
    with TlsClient(door.port) as client:
        for _ in range(2):
            client.send(b"".join(request("/digest", "PUT", body) for body in bodies))
            assert [client.read().body.decode() for _ in bodies] == [
                hashlib.sha256(body).hexdigest() for body in bodies
            ]


def test_an_answer_is_streamed_as_it_is_produced(door: Door) -> None:
    go_on = threading.Event()

    def parts() -> Iterator[bytes]:
        yield b"first"
        assert go_on.wait(DEADLINE_SECONDS)
        yield BIG

    door.routes["/stream"] = lambda request: Response(parts())
    with TlsClient(door.port) as client:
        client.send(request("/stream"))
        client.read_line()
        client.read_headers()
        assert client.read_chunk() == b"first"
        go_on.set()
        assert client.read_chunk() == BIG


def test_the_end_of_a_connection_is_said(door: Door) -> None:
    with TlsClient(door.port) as client:
        client.ask("/echo", "GET", None, "Connection: close")
        assert client.read_to_end() == b""  # without the closing alert, ssl raises
    with connect_tls(door.port, trusting_everything()) as sock:
        sock.sendall(request("/echo"))
        assert sock.recv(65536)
        sock.unwrap()  # waits for the server's alert


def test_a_refusal_is_read_although_the_client_is_still_sending(door: Door) -> None:
    with TlsClient(door.port) as client:
        client.send(b"nonsense\r\n\r\n" + b"x" * 100_000)
        assert b" 400 " in client.read_to_end()


# what goes wrong


@pytest.mark.parametrize(
    "data", [b"\x16garbage" * 100, b"\x16\x03\x01\xff\xff" + b"x" * 70_000, b"\x16\x03\x01\0\4\0\0\0\0"]
)
def test_what_only_begins_like_tls_is_closed(door: Door, data: bytes) -> None:
    with door.connect() as client:
        client.send(data)
        assert b"HTTP" not in client.read_to_end()
    assert door.is_answering()


@pytest.mark.parametrize("count", [1, 5, 6, 50, 200])
def test_a_handshake_may_break_off_anywhere(door: Door, count: int) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = trusting_everything().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    hello = outgoing.read()
    for is_orderly in (True, False):
        client = door.connect()
        client.send(hello[:count])
        client.close() if is_orderly else client.reset()
    wait_until(lambda: not door.server._connections(), "connections are still there")
    assert door.is_answering()


def test_a_handshake_that_stops_is_closed(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_seconds=0.1)
    with door.connect() as client:
        client.send(b"\x16\x03\x01")
        assert client.read_to_end() == b""


def test_damaged_records_end_the_connection(door: Door) -> None:
    rng = random.Random(5)
    for _ in range(20):
        with door.connect() as client:
            context = trusting_everything()
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            while True:
                try:
                    session.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    client.send(outgoing.read())
                    incoming.write(client.sock.recv(65536))
            session.write(request("/echo"))
            wire = bytearray(outgoing.read())
            wire[rng.randrange(len(wire))] ^= 1 + rng.randrange(255)
            client.send(bytes(wire))
            client.end_sending()
            client.read_to_end()
    assert door.is_answering()


def test_a_client_can_not_renegotiate(door: Door) -> None:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{door.port}", "-tls1_2", "-legacy_renegotiation"]
    try:
        # "R" at the beginning of a line renegotiates
        done = subprocess.run(command, input="R\nGET /", capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    except FileNotFoundError:
        pytest.skip("NOT RUN: no openssl command")
    assert "RENEGOTIATING" in done.stdout + done.stderr
    assert "no renegotiation" in done.stderr
    assert door.is_answering()


# the certificate


def test_the_certificate_is_made_once_and_kept_private(door: Door) -> None:
    path = pem_of(door)
    before = path.read_bytes()

    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["server.pem"]
    assert ServerCertificate(settings_for(door.folder)).context() is not None
    assert path.read_bytes() == before


def test_threads_that_need_it_at_once_get_one_certificate(tmp_path: Path) -> None:
    certificate = ServerCertificate(settings_for(tmp_path))
    contexts: list[ssl.SSLContext | None] = []
    threads = [threading.Thread(target=lambda: contexts.append(certificate.context())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(contexts) == 8
    assert len(set(contexts)) == 1


def make_pem(names: tuple[str, ...], valid_for: timedelta, password: bytes | None = None) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's own")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + valid_for)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(pem, serialization.PrivateFormat.PKCS8, lock) + certificate.public_bytes(pem)


NAMES = certified_names("localhost.localstack.cloud")


@pytest.mark.parametrize(
    ("found", "is_kept"),
    [
        (make_pem(NAMES, timedelta(days=60)), True),
        (make_pem(NAMES, timedelta(days=20)), False),
        (make_pem(NAMES, timedelta(days=-1)), False),
        (make_pem(("localhost",), timedelta(days=60)), False),
        (make_pem(NAMES, timedelta(days=60))[:-200], False),
        (make_pem(NAMES, timedelta(days=60), b"secret"), False),
        (b"", False),
        (b"\xff\0nonsense", False),
    ],
    ids=["usable", "near its end", "expired", "other names", "truncated", "encrypted", "empty", "nonsense"],
)
def test_a_certificate_that_is_of_no_use_is_made_anew(tmp_path: Path, found: bytes, is_kept: bool) -> None:
    path = tmp_path / "volume" / "cache" / "server.pem"
    path.parent.mkdir(parents=True)
    path.write_bytes(found)

    assert ServerCertificate(settings_for(tmp_path)).context() is not None
    assert (path.read_bytes() == found) is is_kept
    assert ServerCertificate(settings_for(tmp_path)).context() is not None


def test_the_host_of_the_settings_is_certified_too(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, LOCALSTACK_HOST="aws.example:4566")

    assert {"aws.example", "*.s3.aws.example", "*.us-east-1.aws.example"} <= set(certified_names("aws.example"))
    assert certified_names("127.0.0.1") == certified_names("localhost") == NAMES
    assert ServerCertificate(settings).context() is not None
    odd = replace(settings, localstack_host=HostAndPort("an odd_host", 1))
    assert ServerCertificate(odd).context() is not None


def test_without_a_place_for_the_certificate_tls_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume" / "cache").write_text("a file where the folder should be")

    assert ServerCertificate(settings_for(tmp_path)).context() is None
    assert "TLS connections are refused" in caplog.text


def test_the_users_own_certificate_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "own.pem"
    path.write_bytes(make_pem(("aws.example",), timedelta(days=5)))
    settings = settings_for(tmp_path, CUSTOM_SSL_CERT_PATH=str(path))

    check_custom_certificate(settings)
    assert ServerCertificate(settings).context() is not None
    assert not (tmp_path / "volume").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"nonsense", "it has no certificate with its unencrypted private key"),
        (make_pem(("a",), timedelta(days=5)).split(b"-----BEGIN CERT")[0], "it has no certificate"),
        (b"-----BEGIN CERT" + make_pem(("a",), timedelta(days=5)).split(b"-----BEGIN CERT")[1], "private key"),
        (make_pem(("a",), timedelta(days=5), b"secret"), "unencrypted"),
    ],
    ids=["missing", "nonsense", "only a key", "only a certificate", "encrypted"],
)
def test_an_own_certificate_that_is_of_no_use_is_named(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "own.pem"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingError) as caught:
        check_custom_certificate(settings_for(tmp_path, CUSTOM_SSL_CERT_PATH=str(path)))
    assert caught.value.message.startswith(f"CUSTOM_SSL_CERT_PATH={str(path)!r} can't be used: ")
    assert reason in caught.value.message


# a platform


@pytest.fixture
def platform(home: Home, start: Callable[..., Platform]) -> Platform:
    home.write_extension("secure", EXTENSION)
    return start(GATEWAY_SERVER="leanto")


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_extensions_and_aws_are_reached_over_tls(platform: Platform, home: Home) -> None:
    import boto3

    url = f"https://localhost:{platform.port}"
    assert requests.get(f"{url}/_localstack/health", verify=False, timeout=DEADLINE_SECONDS).status_code == 200
    pem = str(home.volume / "cache" / "server.pem")
    seen = requests.get(f"{url}/secure/scheme", verify=pem, timeout=DEADLINE_SECONDS).json()
    assert seen == {"scheme": "https", "url": f"{url}/secure/scheme"}
    for verify in (pem, False):
        s3 = boto3.client(
            "s3", "us-east-1", endpoint_url=url, verify=verify, aws_access_key_id="a", aws_secret_access_key="b"
        )
        s3.create_bucket(Bucket="safe")
        s3.put_object(Bucket="safe", Key="a//b%2Fc", Body=BIG)
        assert s3.get_object(Bucket="safe", Key="a//b%2Fc")["Body"].read() == BIG
        s3.close()


def test_a_websocket_is_spoken_over_tls(platform: Platform) -> None:
    uri = f"wss://localhost:{platform.port}/secure/socket"
    with connect(uri, ssl=trusting_everything(), max_size=None) as websocket:
        for size in (1, 1000, 1_000_000):
            websocket.send(b"x" * size)
            assert websocket.recv(DEADLINE_SECONDS) == b"x" * size * 2


def test_a_platform_with_a_wrong_certificate_does_not_start(home: Home) -> None:
    done = home.run("start", "--no-banner", CUSTOM_SSL_CERT_PATH="/no/such/file.pem", GATEWAY_LISTEN="127.0.0.1:0")

    assert done.returncode == 1
    assert "CUSTOM_SSL_CERT_PATH='/no/such/file.pem' can't be used: No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_of_it_is_imported_before_it_is_needed() -> None:
    source = (
        "import sys, localstack.host.gateway.front_door.server\n"
        "print([name for name in ('cryptography', 'h2', 'hpack') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
