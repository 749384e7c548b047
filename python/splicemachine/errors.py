"""The exceptions of this package.

An error carries what happened (`message`) and, when one is known, what to do
about it (`hint`); ``str()`` gives both, on two lines.
"""
from __future__ import annotations

from typing import Optional


class SpliceError(Exception):
    """What every error of this package is."""

    def __init__(self, message: str, hint: Optional[str] = None):
        self.message = message
        self.hint = hint
        super().__init__(f"{message}\n{hint}" if hint else message)


class BridgeError(SpliceError):
    """The kernel could not be reached or refused the request itself."""


class SQLError(SpliceError):
    """The database refused a statement.  `sqlstate` is its five-character code."""

    def __init__(self, sqlstate: str, message: str, hint: Optional[str] = None):
        self.sqlstate = sqlstate
        super().__init__(message if message.startswith(sqlstate) else f"{sqlstate}: {message}", hint)


class TrackingError(SpliceError):
    """The tracking server refused a call.  `error_code` is MLflow's name for the reason.

    Where MLflow is installed, what is raised is also an
    ``mlflow.exceptions.MlflowException``, so that code written for MLflow catches it.
    """

    def __init__(self, message: str, error_code: str = "INTERNAL_ERROR", hint: Optional[str] = None):
        super().__init__(message, hint)
        self.error_code = error_code


# The kernel's own codes in MLflow's words; MLflow's codes come as they are.
CODES = {
    "E_NOTFOUND": "RESOURCE_DOES_NOT_EXIST",
    "E_EXISTS": "RESOURCE_ALREADY_EXISTS",
    "E_INPUT": "INVALID_PARAMETER_VALUE",
    "E_USAGE": "INVALID_STATE",
    "E_AUTH": "PERMISSION_DENIED",
    "E_TIMEOUT": "TEMPORARILY_UNAVAILABLE",
    "E_CLOSED": "TEMPORARILY_UNAVAILABLE",
}


def tracking_error(message: str, code: str, hint: Optional[str] = None) -> TrackingError:
    """A TrackingError that is an MlflowException too, where MLflow is installed."""
    code = CODES.get(code, code)
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import ErrorCode
    except ImportError:
        return TrackingError(message, code, hint)

    class Both(TrackingError, MlflowException):
        def __init__(self):
            number = ErrorCode.Value(code) if code in ErrorCode.keys() else ErrorCode.Value("INTERNAL_ERROR")
            MlflowException.__init__(self, message, error_code=number)
            TrackingError.__init__(self, message, self.error_code, hint)

        def __reduce__(self):
            return tracking_error, (message, code, hint)

    Both.__name__ = Both.__qualname__ = "TrackingError"
    return Both()
