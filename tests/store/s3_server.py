"""moto's S3 on loopback, one request at a time: as in S3, nothing happens between a condition and its write."""

import sys


def main(port):
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, run_simple

    WSGIRequestHandler.log_request = lambda *_, **__: None
    run_simple("127.0.0.1", port, DomainDispatcherApplication(create_backend_app), threaded=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
