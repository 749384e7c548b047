"""Feature transformers: one function for each stage of docs/SCORER.md's table."""
from __future__ import annotations

import decimal
import math
import re
import struct
from typing import Any, Dict, List, Tuple

from splicemachine._scorer.columns import NUMERIC, Column, Columns
from splicemachine._scorer.saved import Saved, Unsupported, matrix, number, numbers, rows, vector

Stage = Dict[str, Any]
DIGITS = 15  # that every double keeps
NO_COLUMN = ("distinct", "all", "null", "true", "false")  # words that may stand where a column may


def names(stage: Saved) -> Tuple[List[str], List[str]]:
    """Input and output columns of a stage that Spark runs on one column or on several."""
    if stage.is_set("inputCols"):
        inputs, outputs = stage.param("inputCols"), stage.param("outputCols") or []
        if len(inputs) != len(outputs):
            raise Unsupported(f"it has {len(inputs)} input and {len(outputs)} output columns")
        return inputs, outputs
    return [_required(stage, "inputCol")], [_required(stage, "outputCol")]


def vector_assembler(stage: Saved, columns: Columns) -> Stage:
    parts = [columns.read(name) for name in stage.param("inputCols", [])]
    for part in parts:
        if part.type == "string":
            raise Unsupported(f"it assembles {part.name}, which is a text")
    output = _required(stage, "outputCol")
    columns.add(Column(output, "vector", parts=parts))
    return {"inputs": [*stage.param("inputCols", [])], "sizes": parts, "output": output,
            "handle_invalid": _invalid(stage)}


def standard_scaler(stage: Saved, columns: Columns) -> Stage:
    row = stage.row()
    mean, std = vector(row["mean"]), vector(row["std"])
    return {**_scaled(stage, columns, len(std)),
            "with_mean": bool(stage.param("withMean", False)),
            "with_std": bool(stage.param("withStd", True)),
            "mean": numbers(mean), "std": numbers(std)}


def min_max_scaler(stage: Saved, columns: Columns) -> Stage:
    row = stage.row()
    low, high = vector(row["originalMin"]), vector(row["originalMax"])
    return {**_scaled(stage, columns, len(low)),
            "min": number(stage.number("min", 0.0)), "max": number(stage.number("max", 1.0)),
            "original_min": numbers(low), "original_max": numbers(high)}


def max_abs_scaler(stage: Saved, columns: Columns) -> Stage:
    max_abs = vector(stage.row()["maxAbs"])
    return {**_scaled(stage, columns, len(max_abs)), "max_abs": numbers(max_abs)}


def normalizer(stage: Saved, columns: Columns) -> Stage:
    source, output = _vector_in(stage, columns), _required(stage, "outputCol")
    columns.add(Column(output, "vector", parts=[source]))
    return {"input": stage.param("inputCol"), "output": output, "p": number(stage.number("p", 2.0))}


def imputer(stage: Saved, columns: Columns) -> Stage:
    inputs, outputs = names(stage)
    row = stage.row()
    surrogates = []
    for name, output in zip(inputs, outputs):
        source = columns.read(name, "double")
        if source.type not in NUMERIC:
            raise Unsupported(f"{name} is not a number")
        surrogates.append(_cast(row[name], source))
        columns.add(Column(output, source.type, scale=source.scale))
    return {"inputs": inputs, "outputs": outputs, "surrogates": numbers(surrogates),
            "missing_value": number(stage.number("missingValue", math.nan))}


def bucketizer(stage: Saved, columns: Columns) -> Stage:
    inputs, outputs = names(stage)
    several = stage.param("splitsArray") if stage.is_set("inputCols") else [stage.param("splits")]
    splits = [[_split(x) for x in each] for each in several or []]
    if len(splits) != len(inputs):
        raise Unsupported(f"it has {len(inputs)} columns and {len(splits)} lists of splits")
    for name, output, each in zip(inputs, outputs, splits):
        _number_in(columns, name)
        columns.add(Column(output, "double"))
    return {"inputs": inputs, "outputs": outputs, "splits": [numbers(s) for s in splits],
            "handle_invalid": _invalid(stage)}


def binarizer(stage: Saved, columns: Columns) -> Stage:
    inputs, outputs = names(stage)
    thresholds = stage.numbers("thresholds") if stage.is_set("inputCols") and stage.is_set("thresholds") \
        else [stage.number("threshold", 0.0)] * len(inputs)
    for name, output in zip(inputs, outputs):
        source = columns.read(name, "double")
        if source.type == "vector":
            columns.add(Column(output, "vector", parts=[source]))
        else:
            _number_in(columns, name)
            columns.add(Column(output, "double"))
    return {"inputs": inputs, "outputs": outputs, "thresholds": numbers(thresholds)}


def string_indexer(stage: Saved, columns: Columns) -> Stage:
    wanted = [i for i in zip(*names(stage), stage.row()["labelsArray"]) if i[1] not in stage.unread]
    keep = _invalid(stage) == "keep"
    for name, output, each in wanted:
        _check_labels(columns.read(name, "string"), each)
        columns.add(Column(output, "double", labels=[*each, "__unknown"] if keep else each))
    inputs, outputs, labels = map(list, zip(*wanted))
    return {"inputs": inputs, "outputs": outputs, "labels": labels, "handle_invalid": _invalid(stage)}


def index_to_string(stage: Saved, columns: Columns) -> Stage:
    source = _number_in(columns, _required(stage, "inputCol"))
    labels = stage.param("labels") or source.labels
    if not labels:
        raise Unsupported(f"it has no labels, and nothing says those of {source.name}")
    output = columns.add(Column(_required(stage, "outputCol"), "string"))
    return {"input": stage.param("inputCol"), "output": output.name, "labels": labels}


def one_hot_encoder(stage: Saved, columns: Columns) -> Stage:
    inputs, outputs = names(stage)
    sizes = stage.row()["categorySizes"]
    drop, keep = bool(stage.param("dropLast", True)), _invalid(stage) == "keep"
    for name, output, size in zip(inputs, outputs, sizes):
        _number_in(columns, name)
        columns.add(Column(output, "vector", size + keep - drop))
    return {"inputs": inputs, "outputs": outputs, "sizes": sizes, "drop_last": drop,
            "handle_invalid": _invalid(stage)}


def pca(stage: Saved, columns: Columns) -> Stage:
    components = matrix(stage.row()["pc"])
    _vector_in(stage, columns).resize(len(components))
    output = columns.add(Column(_required(stage, "outputCol"), "vector", len(components[0])))
    return {"input": stage.param("inputCol"), "output": output.name, "components": rows(components)}


def select_columns(stage: Saved, columns: Columns) -> Stage:
    keep_all, chosen = parse_select(stage.param("statement", ""))
    found = {item["as"]: columns.read(item["from"]) for item in chosen}
    taken = [n for n in found if keep_all and columns.find(n) is not None]
    if taken or len({name.lower() for name in found}) != len(chosen):
        raise Unsupported("its statement gives two columns one name")
    (columns.also if keep_all else columns.keep_only)(found)
    return {"keep_all": keep_all, "columns": chosen}


def parse_select(statement: str) -> Tuple[bool, List[Dict[str, str]]]:
    """(whether `*` is selected, the columns selected by name) of a plain SELECT … FROM __THIS__."""
    name = r"(?:`(?:[^`]|``)+`|[A-Za-z_]\w*)"
    whole = re.fullmatch(r"\s*select\s+(.+?)\s+from\s+__THIS__\s*;?\s*", statement, re.I | re.S)
    # Commas with an even number of backquotes behind them: not within a name.
    pieces = re.split(r",(?=(?:[^`]*`[^`]*`)*[^`]*$)", whole[1]) if whole else []
    keep_all, chosen = False, []
    for piece in pieces:
        item = re.fullmatch(rf"(?:__THIS__\s*\.\s*)?({name})(?:\s+(?:as\s+)?({name}))?",
                            piece.strip(), re.I)
        if item and item[1].lower() not in NO_COLUMN:
            source = _unquoted(item[1])
            chosen.append({"from": source, "as": _unquoted(item[2]) if item[2] else source})
        elif re.fullmatch(r"(?:__THIS__\s*\.\s*)?\*", piece.strip(), re.I) and not keep_all:
            keep_all = True
        else:
            raise Unsupported(f"its SQL does more than choose and rename columns: {piece.strip()[:60]}")
    if not pieces:
        raise Unsupported("its SQL is no plain SELECT … FROM __THIS__")
    return keep_all, chosen


def _unquoted(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _required(stage: Saved, param: str) -> str:
    value = stage.param(param)
    if not value:
        raise Unsupported(f"its {param} is not set")
    return value


def _invalid(stage: Saved) -> str:
    return stage.param("handleInvalid", "error")


def _vector_in(stage: Saved, columns: Columns) -> Column:
    source = columns.read(_required(stage, "inputCol"), "vector")
    if source.type != "vector":
        raise Unsupported(f"{source.name} is not a vector")
    return source


def _number_in(columns: Columns, name: str) -> Column:
    source = columns.read(name, "double")
    if source.type not in NUMERIC:
        raise Unsupported(f"{name} is not a number")
    return source


def _scaled(stage: Saved, columns: Columns, size: int) -> Stage:
    """Input and output of a stage that changes each element of a vector."""
    _vector_in(stage, columns).resize(size)
    output = columns.add(Column(_required(stage, "outputCol"), "vector", size))
    return {"input": stage.param("inputCol"), "output": output.name}


def _split(value: Any) -> float:
    return {"Inf": math.inf, "-Inf": -math.inf}[value] if isinstance(value, str) else float(value)


def _check_labels(column: Column, labels: List[str]) -> None:
    """The scorer looks up the double that a number is: two labels must not be one."""
    if column.type not in ("string", *NUMERIC):
        raise Unsupported(f"it indexes {column.name}, which is neither a text nor a number")
    if column.type in ("long", "decimal"):
        large = [x for x in labels if len(decimal.Decimal(x).as_tuple().digits) > DIGITS]
        if large:
            raise Unsupported(f"it indexes {column.name}, whose value {large[0]} has too many digits")


def _cast(surrogate: float, column: Column) -> float:
    """What Spark's cast to the column's own type makes of the surrogate."""
    if column.type in ("int", "long", "short", "byte"):
        return float(math.trunc(surrogate))
    if column.type == "float":
        return struct.unpack("f", struct.pack("f", surrogate))[0]
    if column.type == "decimal" and column.scale is not None:
        step = decimal.Decimal(1).scaleb(-column.scale)
        return float(decimal.Decimal(repr(surrogate)).quantize(step, decimal.ROUND_HALF_UP))
    return surrogate
