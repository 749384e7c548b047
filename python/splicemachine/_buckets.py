"""Buckets that are folders: ``s3a://NAME/…`` on a machine without S3.

Hadoop's ViewFileSystemOverloadScheme reads and writes a bucket's folder when
the bucket has a link in the configuration, and hands every other bucket to
S3A.  Buckets named in child.json are linked from the start.  Where any bucket
is a folder (`buckets.any`), one is linked when its name is first met in a
cell, in a string that a cell uses, or in a path given to this package.
"""
from __future__ import annotations

import ast
import os
import re
from typing import Any, Dict, Iterator, Set
from urllib.parse import quote

SCHEMES = ("s3a", "s3")
URI = re.compile(r"\bs3a?://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?=[/'\"\s)]|$)")
LINK = "fs.viewfs.mounttable.{}.linkFallback"

_buckets: Dict[str, Any] = {}
_linked: Set[str] = set()


def settings(buckets: Dict[str, Any]) -> Dict[str, str]:
    """Spark's settings for child.json's `buckets`; none where every bucket is S3's."""
    global _buckets
    _buckets = buckets
    _linked.clear()
    folders = buckets.get("folders") or {}
    if not folders and not buckets.get("any"):
        return {}
    h = "spark.hadoop."
    conf = {h + "fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.LocalFileSystem"}
    for scheme in SCHEMES:
        conf.update({
            f"{h}fs.{scheme}.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
            f"{h}fs.viewfs.overload.scheme.target.{scheme}.impl":
                "org.apache.hadoop.fs.s3a.S3AFileSystem",
            f"{h}mapreduce.outputcommitter.factory.scheme.{scheme}":
                "org.apache.hadoop.mapreduce.lib.output.FileOutputCommitterFactory",
        })
    for name, folder in folders.items():
        conf[h + LINK.format(name)] = _file_uri(folder)
        _linked.add(name)
    return conf


def in_text(text: str) -> Set[str]:
    """Names of the buckets in a text's s3:// and s3a:// addresses."""
    return set(URI.findall(text))


def in_cell(source: str, namespace: Dict[str, Any]) -> Set[str]:
    """Buckets that a cell may use: in its text, and in strings of variables it names."""
    names = in_text(source)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return names
    for text in _strings(tree, namespace):
        names |= in_text(text)
    return names


def _strings(tree: ast.AST, namespace: Dict[str, Any]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(namespace.get(node.id), str):
            yield namespace[node.id]
        elif isinstance(node, ast.JoinedStr):  # f"s3a://{bucket}/model"
            yield "".join(_piece(v, namespace) for v in node.values)


def _piece(value: ast.AST, namespace: Dict[str, Any]) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    inner = value.value if isinstance(value, ast.FormattedValue) else None
    known = namespace.get(inner.id) if isinstance(inner, ast.Name) else None
    return known if isinstance(known, str) else "/"


def link(names: Set[str]) -> None:
    """Make the named buckets' folders reachable from Spark, where any bucket is a folder.

    Does nothing before Spark runs; called again when a cell has started it.
    """
    from splicemachine import _spark

    context = _spark.context() if names and _buckets.get("any") else None
    if context is None:
        return
    for name in sorted(names - _linked):
        folder = _folder(name)
        if folder:
            context._jsc.hadoopConfiguration().set(LINK.format(name), _file_uri(folder))
        _linked.add(name)


def _folder(name: str):
    from splicemachine import _bridge

    if _bridge.available():
        return _bridge.call("bucket.folder", name=name)["folder"]
    folder = os.path.join(_buckets["any"], name)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return folder


def _file_uri(folder: str) -> str:
    return "file://" + quote(os.path.abspath(folder))
