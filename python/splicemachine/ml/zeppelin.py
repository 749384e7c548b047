"""Moved, as in the original package: the evaluators are in splicemachine.ml.utilities."""
raise ImportError("splicemachine.ml.zeppelin has moved: "
                  "from splicemachine.ml.utilities import SpliceBinaryClassificationEvaluator")
