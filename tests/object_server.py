"""A server that speaks S3 over HTTP on the loopback, in this process (moto)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

BUCKET = "artifacts"


@contextmanager
def running_store() -> Iterator[dict[str, str]]:
    """Yield the variables by which any S3 client finds the server; it has one bucket."""
    from moto.server import ThreadedMotoServer
    from s3fs import S3FileSystem

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "correct-horse",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        S3FileSystem(
            key="tester",
            secret="correct-horse",
            endpoint_url=variables["AWS_ENDPOINT_URL"],
            skip_instance_cache=True,
        ).mkdir(BUCKET)
        yield variables
    finally:
        server.stop()
