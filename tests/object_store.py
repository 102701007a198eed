"""A real S3 server (moto's) on a port of its own, that can be made to fail, to wait and to go away."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

BUCKET = "recordings"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
_SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        pass


class ObjectStore:
    """``before``: called with method and path (query included) of each request, in its thread; what it returns
    is the status of the answer instead of the server's own. What is stored outlives ``down`` and ``up``."""

    def __init__(self) -> None:
        self.before: Callable[[str, str], int | None] = lambda _method, _path: None
        self.requests: list[tuple[str, str]] = []
        self._app: Any = DomainDispatcherApplication(create_backend_app)
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.up()
        self._prefixes = 0
        urlopen(Request(f"{self.endpoint}/{BUCKET}", method="PUT", headers=_SIGNED)).close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, prefix: str = "") -> str:
        """Of a place that nobody else uses, unless ``prefix`` says which."""
        self._prefixes += 1
        return f"s3://{BUCKET}/{prefix or f'p{self._prefixes}'}?endpoint={self.endpoint}&region=us-east-1"

    def up(self) -> None:
        self._server = make_server("127.0.0.1", self.port, self._call, threaded=True, request_handler=_Quiet)
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def down(self) -> None:
        """Connections that are open stay until they are used."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = None

    def heal(self) -> None:
        self.before = lambda _method, _path: None
        if self._server is None:
            self.up()

    def _call(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if environ.get("QUERY_STRING"):
            path += f"?{environ['QUERY_STRING']}"
        self.requests.append((method, path))
        status = 503 if self._server is None else self.before(method, path)
        if status is not None:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            while length > 0 and (taken := environ["wsgi.input"].read(min(length, 1 << 16))):
                length -= len(taken)
            start_response(f"{status} No", [("Content-Length", "0")])
            return [b""]
        return self._app(environ, start_response)  # type: ignore[no-any-return]


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    store = ObjectStore()
    try:
        yield store
    finally:
        store.down()
