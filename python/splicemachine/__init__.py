"""What the Python cells of a Splice notebook use.

``splicemachine.spark.context``  the database: queries as Spark frames, inserts, tables
``splicemachine.ml.management``  MLManager: experiments, runs, parameters, metrics, models
``splicemachine.ml.utilities``   evaluators
``z``                            tables and charts, made by the kernel (``splicemachine.zeppelin``)

Importing this package starts nothing: no JVM, no connection, no MLflow.
"""
from splicemachine.errors import BridgeError, SpliceError, SQLError, TrackingError

__version__ = "0.1.0"
__all__ = ["BridgeError", "SQLError", "SpliceError", "TrackingError", "__version__"]
