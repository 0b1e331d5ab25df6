"""Runs MiniStack on a port that it picks itself, and ends with whoever started it.

The port is bound before MiniStack is imported: MiniStack's own `main` takes a port number that somebody else may have
taken in the meantime. The standard input is the owner's lifeline: end of file, however the owner died, ends this
process group, in which MiniStack's Lambda workers run too.

Usage: emulator.py DATA_FOLDER PORT (0: any free one); prints {"port": N} as its only line of output.
"""

import asyncio
import inspect
import json
import os
import shutil
import signal
import socket
import sys
import threading
from datetime import datetime, timezone


def end_with_owner(data_folder):
    while os.read(0, 4096):
        pass
    shutil.rmtree(data_folder, ignore_errors=True)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def original(module, name, parameters):
    """What a module of MiniStack has by this name, if it takes just these parameters.

    Ends this process otherwise: a MiniStack of another version may do as AWS does by now, or do it elsewhere.
    """
    found = getattr(module, name, None)
    if found is None or list(inspect.signature(found).parameters) != parameters:
        sys.exit(
            f"MiniStack's {module.__name__}.{name} is not the one that this launcher was written for: "
            "pin the version again, or look whether it is still in need of a change"
        )
    return found


def replace(module, name, parameters, wrap):
    """Puts `wrap(original)` in its place."""
    setattr(module, name, wrap(original(module, name, parameters)))


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

    def naming(execute):
        def execute_and_name(func, event, request_id):
            result = execute(func, event, request_id)
            body = result.get("body")
            if result.get("error") and isinstance(body, dict) and body.get("errorType") == "Runtime.HandlerError":
                _, marked, rest = str(body["errorMessage"]).partition(MARK)
                name, _, message = rest.partition(MARK)
                died = {"errorType": "Runtime.ExitError", "errorMessage": body["errorMessage"]}
                result["body"] = {"errorType": name, "errorMessage": message} if marked else died
            return result

        return execute_and_name

    replace(lambda_svc, "_execute_function_warm", ["func", "event", "request_id"], naming)


def tell_event_bridge_of_alarms():
    """AWS sends each change of an alarm's state to the default event bus, whatever the alarm's actions are, and though
    they be switched off; MiniStack only publishes to the SNS topics among the actions.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    from ministack.services import cloudwatch, eventbridge

    put_events = original(eventbridge, "_put_events", ["data", "allow_aws_source"])

    def telling(dispatch):
        def dispatch_and_tell(alarm, old_state, new_state, reason):
            dispatch(alarm, old_state, new_state, reason)
            entry = {
                "Source": "aws.cloudwatch",
                "DetailType": "CloudWatch Alarm State Change",
                "Resources": [alarm.get("AlarmArn", "")],
                "Detail": json.dumps(alarm_event_detail(alarm, old_state, new_state, reason)),
            }
            put_events({"Entries": [entry]}, allow_aws_source=True)

        return dispatch_and_tell

    replace(cloudwatch, "_dispatch_alarm_actions", ["alarm", "old_state", "new_state", "reason"], telling)


def alarm_event_detail(alarm, old_state, new_state, reason):
    """What CloudWatch puts into the event of a metric alarm, or of a composite one, which has a rule and no metric."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    configuration = {"description": alarm.get("AlarmDescription", "")}
    if "AlarmRule" in alarm:
        configuration["alarmRule"] = alarm["AlarmRule"]
    else:
        metric = {
            "namespace": alarm.get("Namespace", ""),
            "name": alarm.get("MetricName", ""),
            "dimensions": {d["Name"]: d["Value"] for d in alarm.get("Dimensions") or []},
        }
        stat = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "")
        metric_stat = {"metric": metric, "period": alarm.get("Period", 60), "stat": stat}
        configuration["metrics"] = [{"id": "m1", "metricStat": metric_stat, "returnData": True}]
    return {
        "alarmName": alarm.get("AlarmName", ""),
        "configuration": configuration,
        "previousState": {"value": old_state, "timestamp": now},
        "state": {"value": new_state, "reason": reason, "timestamp": now},
    }


def end_callbacks_in_their_time():
    """AWS ends a wait for a task token with States.Timeout after the seconds that TimeoutSecondsPath points at;
    MiniStack knows TimeoutSeconds alone, and waits for more than a day where there is only the path.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
    """
    from ministack.services import stepfunctions

    resolve = original(stepfunctions, "_resolve_path", ["path", "data"])

    def timing(execute_task):
        def execute_in_time(state_def, raw_input, execution, ctx):
            path = state_def.get("TimeoutSecondsPath")
            if path is not None:
                state_def = {**state_def, "TimeoutSeconds": resolve(path, raw_input)}
            return execute_task(state_def, raw_input, execution, ctx)

        return execute_in_time

    replace(stepfunctions, "_execute_task", ["state_def", "raw_input", "execution", "ctx"], timing)


def fail_callbacks_with_their_function():
    """AWS fails a `lambda:invoke.waitForTaskToken` task whose function fails, with the function's error, so that the
    state's Retry and Catch see it; MiniStack drops the error and waits for a token that nobody has.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
    """
    from ministack.services import stepfunctions

    waiting = threading.local()

    def failing(call_lambda):
        def call_and_fail(func_ref, event):
            try:
                return call_lambda(func_ref, event)
            except stepfunctions._ExecutionError as error:
                info = stepfunctions._task_tokens.get(getattr(waiting, "token", None))
                if info is not None:
                    info["error"] = {"Error": error.error, "Cause": error.cause}
                    info["event"].set()
                raise

        return call_and_fail

    def remembering(invoke):
        def invoke_and_remember(resource, input_data, token, state_def):
            waiting.token = token
            try:
                return invoke(resource, input_data, token, state_def)
            finally:
                waiting.token = None

        return invoke_and_remember

    replace(stepfunctions, "_call_lambda", ["func_ref", "event"], failing)
    replace(stepfunctions, "_invoke_with_callback", ["resource", "input_data", "token", "state_def"], remembering)


def shorten_deployment_minutes():
    """A minute of an AppConfig deployment's bake is a minute, here as on AWS, unless a test cannot wait for it:
    APPCONFIG_MINUTE_SECONDS says how long it lasts, as MiniStack's own SFN_WAIT_SCALE does of a state's wait.
    """
    from ministack.services import appconfig

    if not isinstance(getattr(appconfig, "_DEPLOYMENT_MINUTE_SECONDS", None), float):
        sys.exit("MiniStack's deployments are not those that this launcher was written for: pin the version again")
    appconfig._DEPLOYMENT_MINUTE_SECONDS = float(os.environ.get("APPCONFIG_MINUTE_SECONDS", "60"))


def behave_as_aws_does():
    name_errors_as_aws_does()
    tell_event_bridge_of_alarms()
    end_callbacks_in_their_time()
    fail_callbacks_with_their_function()
    shorten_deployment_minutes()


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

    behave_as_aws_does()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ.get("LOG_LEVEL", "INFO").upper()
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
