"""What a cell does to names: reads, binds, and may change in place.

Whole cells are run again, so names are all that has to be known of them.
Where a syntax tree leaves a doubt the answer is the one that runs more: a
method that is not known to leave its object alone may change it.
"""
from __future__ import annotations

import ast
import builtins
from typing import Dict, Iterable, List, Optional, Set, Tuple

BUILTINS = set(dir(builtins)) | {"__name__", "__doc__", "__file__", "get_ipython", "display", "exit", "quit"}
PRESET = {"spark", "sc", "sqlContext", "z"}  # the child gives them to every cell

# Methods that leave their object as it is and return something of its own: frames, models, texts.
FRESH = set("""
    agg alias approxQuantile asc astype between cache cast coalesce collect columns corr count cov createDataFrame
    crossJoin cube desc describe df distinct drop dropDuplicates drop_duplicates dropna dtypes endswith evaluate
    exceptAll explain fillna filter first fit fitMultiple foreach format freqItems groupBy groupby head index internalDf
    intersect isin isNotNull isNull isnull isEmpty iterrows join limit load localCheckpoint lower mean melt merge na
    nunique orderBy parallelize pandasToSpark persist pivot predict printSchema quantile randomSplit range read
    readStream repartition repartitionByRange replace rollup round sample sampleBy schema select selectExpr show sort
    sort_values split startswith stat storageLevel strip subtract sum summary table tail take toDF toLocalIterator
    toLower toPandas toUpper to_dict transform union unionAll unionByName unique unpersist upper value_counts where
    withColumn withColumnRenamed withColumns withColumnsRenamed tableExists getSchema primaryKey
    active_experiment active_run create_experiment create_new_run current_run_id download_artifact end_run experiment_id
    get_results get_run load_spark_model lm log_artifact log_artifacts log_batch log_evaluator_metrics
    log_feature_transformations log_metric log_metrics log_model log_model_params log_param log_params
    log_pipeline_stages log_spark_model lp save set_active_experiment set_active_run set_tag set_tags st start_run timer
    deploy_aws deploy_local fetch_logs get_deployed_models invoke shift_traffic undeploy watch_job write
""".split())
# Methods that leave it as it is, but return a part of it.
INSIDE = set("copy get getStages getOrDefault getEstimator items keys values stages bestModel conf builder iloc loc "
             "extractParamMap getModel explainParams".split())
# Functions of Python itself whose value holds what they are given.
HOLDING = {"zip", "map", "filter", "iter", "reversed", "enumerate", "list", "tuple", "dict", "set", "sorted", "vars"}
CHANGING_VIEWS = {"createOrReplaceTempView", "createTempView", "createGlobalTempView",
                  "createOrReplaceGlobalTempView", "registerTempTable", "saveAsTable"}
# Functions of modules that change an argument, and calls on a module that change the module.
CHANGING_FUNCTIONS = {"shuffle", "heappush", "heappop", "heapify", "insort", "insort_left", "insort_right", "copyto",
                      "put", "place", "putmask", "fill_diagonal", "setattr", "delattr", "next"}
MODULE_CHANGES = ("seed", "set", "register", "use", "enable", "disable", "config", "reset", "patch")
AMBIENT_CALLS = {("os", "chdir"), ("os", "putenv"), ("os", "umask")}
AMBIENT_PARTS = {("os", "environ"), ("sys", "path"), ("sys", "modules")}


class Effects:
    """What one cell does.

    reads     names read; `uses`: before the cell binds them itself
    binds     names bound, perhaps only in some branch; `assigned`: not by import; `kills`: in any case
    changes   names whose object may be changed in place
    ties      names that may share an object from here on; "()f" stands for what f gave
    later     {function or class: names that its body reads when it is called}
    inner     {function or class: names that its body may change or bind globally}
    imports   names that import statements of the cell itself bind, in no function and no branch
    ambient   it changes what all later cells find; `stars`: by importing * alone
    """

    def __init__(self) -> None:
        self.reads: Set[str] = set()
        self.uses: Set[str] = set()
        self.binds: Set[str] = set()
        self.kills: Set[str] = set()
        self.changes: Set[str] = set()
        self.ties: List[Set[str]] = []
        self.later: Dict[str, Set[str]] = {}
        self.inner: Dict[str, Set[str]] = {}
        self.imports: Set[str] = set()
        self.assigned: Set[str] = set()
        self.ambient = False
        self.stars = False


def effects(tree: ast.Module, modules: Iterable[str] = ()) -> Effects:
    """The effects of a cell; `modules` are names that earlier cells imported."""
    found = Effects()
    _Block(found, set(modules) | imported(tree)).run(tree.body)
    found.imports = set().union(*map(imported, imports(tree)), set()) - found.assigned
    found.stars = any(a.name == "*" for s in imports(tree) for a in s.names)
    return found


def imports(tree: ast.Module) -> List[ast.stmt]:
    """Import statements that stand alone: a cell may be needed for these only."""
    return [s for s in tree.body if isinstance(s, (ast.Import, ast.ImportFrom))
            and getattr(s, "module", None) != "__future__"]


def imported(tree: ast.AST) -> Set[str]:
    """Names that import statements bind, in whatever depth."""
    return {bound_name(a) for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))
            for a in node.names if a.name != "*"}


def bound_name(alias: ast.alias) -> str:
    return alias.asname or alias.name.split(".")[0]


class _Block:
    """Statements one after the other; `bound` are the names bound in any case so far."""

    def __init__(self, found: Effects, modules: Set[str], bound: Optional[Set[str]] = None):
        self.found, self.modules = found, modules
        self.bound: Set[str] = set(bound or ())

    def run(self, body: List[ast.stmt]) -> "_Block":
        for statement in body:
            self.statement(statement)
        self.found.kills = set(self.bound)
        return self

    def branch(self, body: List[ast.stmt]) -> Set[str]:
        """Names bound behind a body that may not run."""
        return _Block(self.found, self.modules, self.bound).run(body).bound

    # --- statements ---

    def statement(self, s: ast.stmt) -> None:
        known = getattr(self, "_" + type(s).__name__, None)
        if known is not None:
            known(s)
        else:
            self.reads(s)

    def _Expr(self, s: ast.Expr) -> None:
        self.reads(s.value)
        root, methods = chain(s.value)
        if root and methods and methods[-1] in ("fit", "partial_fit"):  # nobody takes a model: scikit-learn's
            self.change(root)

    def _Assign(self, s: ast.Assign) -> None:
        self.reads(s.value)
        for target in s.targets:
            self.target(target, s.value)

    def _AnnAssign(self, s: ast.AnnAssign) -> None:
        if s.value is not None:
            self.reads(s.value)
            self.target(s.target, s.value)

    def _AugAssign(self, s: ast.AugAssign) -> None:
        self.reads(s.value)
        root = root_name(s.target)
        if root:
            self.read(root)
            self.change(root)
            self.tie({root} | held(s.value))
        if isinstance(s.target, ast.Name):
            self.bind(s.target.id)
        else:
            self.target(s.target, s.value)

    def _Delete(self, s: ast.Delete) -> None:
        for target in s.targets:
            if not isinstance(target, ast.Name):
                self.target(target, None)

    def _For(self, s: ast.For) -> None:
        self.reads(s.iter)
        before = set(self.bound)
        self.target(s.target, s.iter)
        self.branch(s.body)
        self.bound = before
        self.branch(s.orelse)

    _AsyncFor = _For

    def _While(self, s: ast.While) -> None:
        self.reads(s.test)
        self.branch(s.body)
        self.branch(s.orelse)

    def _If(self, s: ast.If) -> None:
        self.reads(s.test)
        self.bound = self.branch(s.body) & self.branch(s.orelse)

    def _With(self, s: ast.With) -> None:
        for item in s.items:
            self.reads(item.context_expr)
            if item.optional_vars is not None:
                self.target(item.optional_vars, item.context_expr)
        for statement in s.body:
            self.statement(statement)

    _AsyncWith = _With

    def _Try(self, s: ast.Try) -> None:
        ends = [self.branch([*s.body, *s.orelse])]
        for handler in s.handlers:
            if handler.type is not None:
                self.reads(handler.type)
            if handler.name:
                self.found.binds.add(handler.name)
            inner = _Block(self.found, self.modules, self.bound | ({handler.name} if handler.name else set()))
            ends.append(inner.run(handler.body).bound)
        self.bound = set.intersection(*ends)
        for statement in s.finalbody:
            self.statement(statement)

    _TryStar = _Try

    def _Match(self, s) -> None:
        self.reads(s.subject)
        for case in s.cases:
            inner = _Block(self.found, self.modules, self.bound)
            for node in ast.walk(case.pattern):
                name = getattr(node, "name", None) or getattr(node, "rest", None)
                if isinstance(name, str):
                    inner.bind(name)
            if case.guard is not None:
                inner.reads(case.guard)
            inner.run(case.body)

    def _Import(self, s: ast.Import) -> None:
        for alias in s.names:
            self.bind(bound_name(alias), by_import=True)

    def _ImportFrom(self, s: ast.ImportFrom) -> None:
        for alias in s.names:
            if alias.name != "*":
                self.bind(bound_name(alias), by_import=True)

    def _FunctionDef(self, s) -> None:
        annotations = [a.annotation for a in _arguments(s.args)] + [s.returns]
        for part in [*s.decorator_list, *s.args.defaults, *s.args.kw_defaults, *annotations]:
            if part is not None:
                self.reads(part)
        self.function(s.name, s.args, s.body)
        self.bind(s.name)

    _AsyncFunctionDef = _FunctionDef

    def _ClassDef(self, s: ast.ClassDef) -> None:
        for part in [*s.decorator_list, *s.bases, *[k.value for k in s.keywords]]:
            self.reads(part)
        body = Effects()
        _Block(body, self.modules, self.bound).run(s.body)
        self.found.reads |= body.reads
        self.found.uses |= body.uses
        self.found.changes |= body.changes - body.binds
        self.found.later[s.name] = set().union(*body.later.values(), set())
        self.found.inner[s.name] = set().union(*body.inner.values(), set())
        self.bind(s.name)

    def function(self, name: str, arguments: ast.arguments, body: List[ast.stmt]) -> None:
        """A function's body runs later, with names of its own."""
        inner, own = Effects(), {a.arg for a in _arguments(arguments)}
        _Block(inner, self.modules, own).run(body)
        shared = {n for s in body for node in ast.walk(s) if isinstance(node, ast.Global) for n in node.names}
        local = (own | inner.binds) - shared
        self.found.binds |= shared & inner.binds
        self.found.later[name] = (inner.reads | set().union(*inner.later.values(), set())) - local
        self.found.inner[name] = (inner.changes - local) | (shared & inner.binds)

    # --- names ---

    def bind(self, name: str, by_import: bool = False) -> None:
        self.found.binds.add(name)
        self.bound.add(name)
        if not by_import:
            self.found.assigned.add(name)

    def read(self, name: str) -> None:
        self.found.reads.add(name)
        if name not in self.bound:
            self.found.uses.add(name)

    def change(self, name: str) -> None:
        self.found.changes.add(name)

    def tie(self, names: Set[str]) -> None:
        if len(names) > 1:
            self.found.ties.append(names)

    def target(self, target: ast.expr, value: Optional[ast.expr]) -> None:
        """Something is assigned to: a name is bound, another object is changed."""
        if isinstance(target, ast.Name):
            self.bind(target.id)
            self.tie({target.id} | held(value))
            return
        if isinstance(target, (ast.Tuple, ast.List)):
            for part in target.elts:
                self.target(part, value)
            return
        if isinstance(target, ast.Starred):
            self.target(target.value, value)
            return
        self.reads(target)
        root = root_name(target)
        if root:
            self.change(root)
            self.tie({root} | held(value))
            self.found.ambient |= (root, first_part(target)) in AMBIENT_PARTS

    # --- expressions ---

    def reads(self, node: ast.AST) -> None:
        """All that evaluating it reads, binds and may change."""
        if isinstance(node, ast.Lambda):
            self.anonymous(node)
            return
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            self.comprehension(node)
            return
        if isinstance(node, ast.NamedExpr):
            self.reads(node.value)
            self.target(node.target, node.value)
            return
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self.read(node.id)
            return
        for child in ast.iter_child_nodes(node):
            self.reads(child)
        if isinstance(node, ast.Call):
            self.call(node)

    def anonymous(self, node: ast.Lambda) -> None:
        """A lambda is mostly called where it stands."""
        inner, own = Effects(), {a.arg for a in _arguments(node.args)}
        _Block(inner, self.modules, self.bound | own).reads(node.body)
        self.found.reads |= inner.reads - own
        self.found.uses |= inner.uses
        self.found.changes |= inner.changes - own
        for part in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.reads(part)

    def comprehension(self, node) -> None:
        inner = _Block(self.found, self.modules, self.bound)
        own: Set[str] = set()
        before = set(self.found.binds)
        for generator in node.generators:
            inner.reads(generator.iter)
            inner.target(generator.target, generator.iter)
            own |= {n.id for n in ast.walk(generator.target) if isinstance(n, ast.Name)}
            for condition in generator.ifs:
                inner.reads(condition)
        for part in ([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]):
            inner.reads(part)
        self.found.binds -= own - before
        self.bound |= inner.bound - own

    def call(self, node: ast.Call) -> None:
        """What a call may change: the object it is a method of, or what it is given."""
        given = {a.id for a in [*map(_unstarred, node.args), *[k.value for k in node.keywords]]
                 if isinstance(a, ast.Name)}
        root, methods = chain(node.func)
        if root is None:
            return
        if not methods:
            self.call_function(root, given, node)
        elif root in self.modules:
            self.call_module(root, methods, given)
        elif _may_change(methods, node):
            self.change(root)
            self.tie({root} | {n for a in node.args for n in held(a)} | given)
        if methods and methods[-1] in CHANGING_VIEWS or "udf" in methods[:-1]:
            self.change("spark")

    def call_function(self, name: str, given: Set[str], node: ast.Call) -> None:
        self.found.ambient |= name == "exec"
        if name in CHANGING_FUNCTIONS or not (name in BUILTINS or name in self.modules or name[:1].isupper()):
            for n in given:
                self.change(n)
            self.tie(set(given))

    def call_module(self, root: str, methods: List[str], given: Set[str]) -> None:
        last = methods[-1]
        self.found.ambient |= (root, last) in AMBIENT_CALLS or (root, methods[0]) in AMBIENT_PARTS
        if last.startswith(MODULE_CHANGES):
            self.change(root)
        if last in CHANGING_FUNCTIONS:
            for n in given:
                self.change(n)


def _arguments(arguments: ast.arguments) -> List[ast.arg]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return [a for a in every if a is not None]


def _unstarred(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Starred) else node


def _may_change(methods: List[str], node: ast.Call) -> bool:
    """Whether the last of `root.a.b()…c()` may change root; methods before it are judged alone."""
    for name in methods[:-1]:
        if name in FRESH:
            return False
    last = methods[-1]
    if last == "sql" and node.args and isinstance(node.args[0], ast.Constant):
        return not str(node.args[0].value).lstrip(" \n\t(").lower().startswith(("select", "with", "show", "values"))
    if any(k.arg == "inplace" for k in node.keywords):  # pandas
        return True
    if last == "sort":  # a frame's takes columns, a list's none
        return not node.args
    if last == "fit":  # scikit-learn's has the labels beside the rows
        return len(node.args) > 1
    return last not in FRESH and last not in INSIDE


def chain(node: ast.expr) -> Tuple[Optional[str], List[str]]:
    """("a", ["b", "c"]) for a.b(…)[…].c; (None, …) when no name begins it."""
    parts: List[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, (ast.Subscript, ast.Await, ast.Starred)):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            break
    return (node.id if isinstance(node, ast.Name) else None), parts[::-1]


def root_name(node: ast.expr) -> Optional[str]:
    return chain(node)[0]


def first_part(node: ast.expr) -> Optional[str]:
    return next(iter(chain(node)[1]), None)


def held(value: Optional[ast.AST]) -> Set[str]:
    """Names whose objects a value may hold or be: not those it was only computed from."""
    if value is None or isinstance(value, (ast.Constant, ast.JoinedStr, ast.Compare, ast.Lambda)):
        return set()
    if isinstance(value, ast.Name):
        return {value.id}
    if isinstance(value, ast.Call):
        root, methods = chain(value.func)
        if any(m in FRESH for m in methods):
            return set()
        if not methods and root in BUILTINS - HOLDING:
            return set()
        given = [*map(_unstarred, value.args), *[k.value for k in value.keywords]]
        inside = set().union(*map(held, given), set())
        return inside | ({root if methods else "()" + root} if root else set())
    if isinstance(value, (ast.Attribute, ast.Subscript)):
        root, methods = chain(value)
        return {root} if root and not any(m in FRESH for m in methods) else set()
    return set().union(*(held(child) for child in ast.iter_child_nodes(value)), set())
