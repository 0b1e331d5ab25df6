"""Runs MiniStack on a port that it picks itself, and ends with whoever started it.

The port is bound before MiniStack is imported: MiniStack's own `main` takes a port number that somebody else may have
taken in the meantime. The standard input is the owner's lifeline: end of file, however the owner died, ends this
process group, in which MiniStack's Lambda workers run too.

Usage: emulator.py DATA_FOLDER PORT (0: any free one); prints {"port": N} as its only line of output.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import threading


def end_with_owner(data_folder):
    while os.read(0, 4096):
        pass
    shutil.rmtree(data_folder, ignore_errors=True)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


MARK = "\x01"


def name_errors_as_aws_does():
    """AWS gives a failed Node.js function's error the name that the error has; MiniStack gives all of them one name.

    A state machine retries and catches by that name, so without it no retry of ours would be tried here.
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
    """
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    told = "error: String(err.message || err)"
    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    if script.count(told) != 1:
        sys.exit("MiniStack's worker is not the one that this launcher was written for: pin the version again")
    marked = f'error: "{MARK}" + String(err.name || "Error") + "{MARK}" + String(err.message || err)'
    lambda_runtime._NODEJS_WORKER_SCRIPT = script.replace(told, marked)

    execute = lambda_svc._execute_function_warm

    def execute_and_name(func, event, request_id):
        result = execute(func, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == "Runtime.HandlerError":
            _, marked, rest = str(body["errorMessage"]).partition(MARK)
            name, _, message = rest.partition(MARK)
            died = {"errorType": "Runtime.ExitError", "errorMessage": body["errorMessage"]}
            result["body"] = {"errorType": name, "errorMessage": message} if marked else died
        return result

    lambda_svc._execute_function_warm = execute_and_name


def main():
    data_folder, port = sys.argv[1], int(sys.argv[2])
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", port))
    port = listener.getsockname()[1]
    # MiniStack's modules read it while they are imported.
    os.environ["GATEWAY_PORT"] = str(port)
    threading.Thread(target=end_with_owner, args=(data_folder,), daemon=True).start()
    print(json.dumps({"port": port}), flush=True)
    os.dup2(2, 1)

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    name_errors_as_aws_does()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ.get("LOG_LEVEL", "INFO").upper()
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
