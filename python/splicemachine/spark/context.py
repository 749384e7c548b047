"""The database as Spark frames: SpliceMLContext and PySpliceContext.

Reads use Spark's JDBC reader on a connection of its own, unless a transaction
is open in the notebook, whose rows only the kernel's connection sees.  Writes
of rows go through Spark's JDBC writer; a statement goes over the bridge to
the kernel's connection, so that SQL cells and Python cells share one
transaction.
"""
from __future__ import annotations

import uuid
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from splicemachine import _bridge, _sql
from splicemachine.errors import SQLError, SpliceError

FETCH_ROWS = 5_000      # rows a JDBC reader asks for at once
BATCH_ROWS = 1_000      # rows a JDBC writer sends at once
BRIDGE_ROWS = 100_000   # most rows read through the bridge while a transaction is open
NO_TABLE = ("42X05", "42Y07")  # no such table, no such schema
NO_SCHEMA = ("Spark reads on a connection of its own, where the notebook's `set schema` is not known: "
             "write SCHEMA.TABLE.")


class PySpliceContext:
    """Takes (JDBC_URL, sparkSession), (sparkSession, JDBC_URL) or (sparkSession).

    The address is the notebook's connection; another one is used only with Spark's reader and
    writer.  Without a session the notebook's is taken, and started if need be.
    """

    def __init__(self, *args: Any, sparkSession: Any = None, JDBC_URL: Optional[str] = None,
                 _unit_testing: bool = False, **unused: Any):
        for arg in args:
            if isinstance(arg, str):
                JDBC_URL = arg
            elif arg is not None and not isinstance(arg, bool):
                sparkSession = arg
        if sparkSession is None:
            from splicemachine import _spark

            sparkSession = _spark.session()
        self.spark_session = sparkSession
        self.jdbcurl = JDBC_URL

    # --- reading ---

    def df(self, sql: str, to_lower: bool = False) -> Any:
        """A Spark frame of a query.  Column names are upper case, or lower with `to_lower`.

        The query runs when the frame is used, each time it is used.  A column without a name is
        called C and its number; of two with one name both keep it.  While a transaction is open
        the rows are read at once, 100,000 at most.
        """
        text = _sql.strip(sql)
        access = self._access()
        if access.in_transaction or not access.driver:
            frame = self._rows_over_bridge(text)
        else:
            frame = self._read(text, access)
        _bridge.call("track.read", sql=text)
        return self.toLower(frame) if to_lower else frame

    def internalDf(self, query_string: str) -> Any:
        """The same as df."""
        return self.df(query_string)

    def _read(self, text: str, access: "_Access") -> Any:
        try:
            labels = self._labels(text, access)
        except SQLError as e:
            raise SQLError(e.sqlstate, e.message, NO_SCHEMA if e.sqlstate in NO_TABLE else None) from None
        names = _sql.unique_names(labels)
        derived = "" if names == labels else \
            f" ({', '.join(_sql.quote(n) for n in names)})"
        frame = (self.spark_session.read.format("jdbc").options(**access.options())
                 .option("fetchsize", FETCH_ROWS)
                 .option("dbtable", f"({text}) AS {_sql.quote('SPLICE_Q')}{derived}").load())
        shown = _sql.shown_names(labels)
        return frame if shown == names else frame.toDF(*shown)

    def _labels(self, text: str, access: "_Access") -> List[str]:
        """Column labels of a query that is prepared, not run."""
        with self._connection(access) as connection:
            meta = connection.prepareStatement(text).getMetaData()
            if meta is None or meta.getColumnCount() == 0:
                raise SpliceError("this statement gives no rows: " + text[:60],
                                  "Use execute or executeUpdate, or a SQL cell.")
            return [meta.getColumnLabel(i + 1) for i in range(meta.getColumnCount())]

    def _rows_over_bridge(self, text: str) -> Any:
        answer = _bridge.call("sql.execute", sql=text, rows=BRIDGE_ROWS)
        if answer["more"]:
            raise SpliceError(f"more than {BRIDGE_ROWS:,} rows cannot be read while a transaction "
                              "is open", "Commit first: Spark then reads them by itself.")
        if not answer["columns"]:
            raise SpliceError("this statement gives no rows: " + text[:60])
        schema = _sql.schema(answer["columns"])
        rows = [[_sql.python_value(v, c) for v, c in zip(row, answer["columns"])]
                for row in answer["rows"]]
        return self.spark_session.createDataFrame(rows, schema)

    # --- statements ---

    def execute(self, query_string: str) -> None:
        """Run any one statement."""
        _bridge.call("sql.execute", sql=_sql.strip(query_string), rows=0)

    def executeUpdate(self, query_string: str) -> Optional[int]:
        """Run an insert, update, delete or DDL statement; the number of rows changed, if it has one."""
        return _bridge.call("sql.execute", sql=_sql.strip(query_string), rows=0)["count"]

    def getConnection(self) -> Any:
        """A java.sql.Connection of its own (not the notebook's transaction); close it."""
        return self._open(self._access())

    # --- writing ---

    def insert(self, dataframe: Any, schema_table_name: str, to_upper: bool = True,
               create_table: bool = False) -> None:
        """Add a frame's rows: all of them, or none when one is refused.

        Columns go by name, which `to_upper` makes upper case first.
        """
        dataframe = self.toUpper(dataframe) if to_upper else dataframe
        if create_table and not self.tableExists(schema_table_name):
            self.createTable(dataframe, schema_table_name, to_upper=False)
        table = self._qualified(schema_table_name)
        self._columns(table)
        self._write(dataframe, table)

    def upsert(self, dataframe: Any, schema_table_name: str, to_upper: bool = True) -> None:
        """Update the rows whose primary key exists, insert the others."""
        self._through_stage(dataframe, schema_table_name, to_upper, _sql.upsert)

    def update(self, dataframe: Any, schema_table_name: str, to_upper: bool = True) -> None:
        """Update the rows that have the same primary key; others are left out."""
        self._through_stage(dataframe, schema_table_name, to_upper, _sql.update)

    mergeInto = upsert

    def delete(self, dataframe: Any, schema_table_name: str, to_upper: bool = True) -> None:
        """Delete the rows that have the same primary key."""
        self._through_stage(dataframe, schema_table_name, to_upper, _sql.delete)

    def _write(self, dataframe: Any, table: str) -> None:
        access = self._access()
        if access.in_transaction:
            raise SpliceError("Spark cannot write into the transaction that is open in this notebook",
                              "commit it first (a SQL cell: commit).")
        # One partition is one connection and so one transaction: all rows or none.
        (dataframe.repartition(1).write.format("jdbc").mode("append").options(**access.options())
         .option("batchsize", BATCH_ROWS).option("dbtable", _sql.quoted(table)).save())

    def _through_stage(self, dataframe: Any, table: str, to_upper: bool, statements: Any) -> None:
        dataframe = self.toUpper(dataframe) if to_upper else dataframe
        table = self._qualified(table)
        key = self.primaryKey(table)
        missing = [k for k in key if k not in dataframe.columns]
        if not key or missing:
            raise SpliceError(f"{table} has no primary key" if not key else
                              f"the frame lacks the primary key's columns {', '.join(missing)}",
                              "Rows are matched by primary key.")
        columns = list(dataframe.columns)
        stage = _sql.beside(table, f"SPLICE_STAGE_{uuid.uuid4().hex[:12].upper()}")
        names = ", ".join(map(_sql.quote, columns))
        self.execute(f"create table {_sql.quoted(stage)} as select {names} from "
                     f"{_sql.quoted(table)} with no data")
        try:
            self._write(dataframe, stage)
            self._in_one_transaction(statements(table, stage, columns, key))
        finally:
            self.dropTable(stage)

    def _in_one_transaction(self, statements: Sequence[str]) -> None:
        with self._connection(self._access()) as connection:
            connection.setAutoCommit(False)
            try:
                for statement in statements:
                    connection.createStatement().executeUpdate(statement)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    # --- tables ---

    def tableExists(self, schema_and_or_table_name: str, table_name: Optional[str] = None) -> bool:
        """Whether there is a table or view of this name."""
        try:
            self._columns(_joined(schema_and_or_table_name, table_name))
        except SQLError as e:
            if e.sqlstate in NO_TABLE:
                return False
            raise
        return True

    def dropTable(self, schema_and_or_table_name: str, table_name: Optional[str] = None) -> None:
        """Drop a table."""
        self.execute(f"drop table {_sql.quoted(_joined(schema_and_or_table_name, table_name))}")

    def dropTableIfExists(self, schema_and_or_table_name: str, table_name: Optional[str] = None) -> None:
        """Drop a table if there is one."""
        if self.tableExists(schema_and_or_table_name, table_name):
            self.dropTable(schema_and_or_table_name, table_name)

    def truncateTable(self, schema_table_name: str) -> None:
        """Delete all rows of a table."""
        self.execute(f"truncate table {_sql.quoted(schema_table_name)}")

    def getSchema(self, schema_table_name: str) -> Any:
        """The table's columns as a Spark StructType."""
        return _sql.schema(self._columns(schema_table_name))

    def primaryKey(self, schema_table_name: str) -> List[str]:
        """Columns of the table's primary key, in its order; empty without one."""
        schema, table = _sql.split(self._qualified(schema_table_name))
        with self._connection(self._access()) as connection:
            found = []
            rows = connection.getMetaData().getPrimaryKeys(None, schema, table)
            while rows.next():
                found.append((rows.getShort("KEY_SEQ"), rows.getString("COLUMN_NAME")))
        return [name for _, name in sorted(found)]

    def analyzeSchema(self, schema_name: str) -> None:
        """Collect statistics of all tables of a schema."""
        self.execute(f"analyze schema {_sql.quoted(schema_name)}")

    def analyzeTable(self, schema_table_name: str, estimateStatistics: bool = False,
                     samplePercent: float = 10.0) -> None:
        """Collect statistics of a table, of a sample of it with `estimateStatistics`.

        `samplePercent` is a percentage; below 1 it is a fraction, as it was before 2020.
        """
        percent = samplePercent * 100 if samplePercent < 1 else samplePercent
        sample = f" estimate statistics sample {percent:g} percent" if estimateStatistics else ""
        self.execute(f"analyze table {_sql.quoted(schema_table_name)}{sample}")

    def createTable(self, dataframe: Any, schema_table_name: str, primary_keys: Any = None,
                    create_table_options: Optional[str] = None, to_upper: bool = True,
                    drop_table: bool = False, new_schema: bool = False,
                    types: Optional[Dict[str, str]] = None) -> None:
        """Make an empty table with a frame's columns.

        primary_keys   names of its columns
        types          {column: SQL type} in place of the ones chosen; text is VARCHAR(5000)
        drop_table     drop one of that name first
        new_schema     make the schema first (it is made when missing in any case)
        """
        if isinstance(primary_keys, bool):  # createTable(dataframe, name, new_schema, types) of 2019
            new_schema, primary_keys = primary_keys, None
            if isinstance(create_table_options, dict):
                types, create_table_options = create_table_options, None
        dataframe = self.toUpper(dataframe) if to_upper else dataframe
        if drop_table:
            self.dropTableIfExists(schema_table_name)
        self.execute(_sql.create_table(schema_table_name, dataframe.schema, primary_keys or [],
                                       create_table_options or "", types or {}, to_upper))

    def createAndInsertTable(self, dataframe: Any, schema_table_name: str, primary_keys: Any = None,
                             create_table_options: Optional[str] = None, to_upper: bool = True) -> None:
        """Make a table of a frame's columns and rows."""
        self.createTable(dataframe, schema_table_name, primary_keys, create_table_options, to_upper)
        self.insert(dataframe, schema_table_name, to_upper)

    # --- files ---

    def export(self, dataframe: Any, location: str, compression: Any = False,
               replicationCount: int = 1, fileEncoding: Optional[str] = None,
               fieldSeparator: Optional[str] = None, quoteCharacter: Optional[str] = None) -> None:
        """Write a frame as CSV files into a folder or bucket that does not exist yet."""
        writer = dataframe.write.mode("errorifexists")
        options = {"sep": fieldSeparator, "quote": quoteCharacter, "encoding": fileEncoding,
                   "compression": _compression(compression)}
        writer.options(**{k: v for k, v in options.items() if v}).csv(_linked(location))

    def exportBinary(self, dataframe: Any, location: str, compression: Any = False,
                     e_format: str = "parquet") -> None:
        """Write a frame as Parquet (or ORC) files into a folder or bucket that does not exist yet."""
        writer = dataframe.write.mode("errorifexists").format(e_format)
        name = _compression(compression)
        (writer.option("compression", name) if name else writer).save(_linked(location))

    # --- frames ---

    def toUpper(self, dataframe: Any) -> Any:
        """The frame with upper-case column names."""
        return dataframe.toDF(*[c.upper() for c in dataframe.columns])

    def toLower(self, dataframe: Any) -> Any:
        """The frame with lower-case column names."""
        return dataframe.toDF(*[c.lower() for c in dataframe.columns])

    def replaceDataframeSchema(self, dataframe: Any, schema_table_name: str) -> Any:
        """The frame with the names and types of a table's columns, which match by position."""
        schema = self.getSchema(schema_table_name)
        if len(schema.fields) != len(dataframe.columns):
            raise SpliceError(f"the frame has {len(dataframe.columns)} columns, {schema_table_name} "
                              f"has {len(schema.fields)}")
        frame = dataframe.toDF(*[f.name for f in schema.fields])
        return frame.select([frame[f"`{f.name}`"].cast(f.dataType).alias(f.name) for f in schema.fields])

    def pandasToSpark(self, pandas_dataframe: Any) -> Any:
        """A Spark frame of a pandas frame."""
        return self.spark_session.createDataFrame(pandas_dataframe)

    # --- inside ---

    def _qualified(self, table: str) -> str:
        """The table's name with its schema: other connections do not know the notebook's."""
        schema, name = _sql.split(table)
        if schema is None:
            schema = _bridge.call("sql.execute", sql="values current schema", rows=1)["rows"][0][0]
        return f"{_sql.quote(schema)}.{_sql.quote(name)}"

    def _columns(self, table: str) -> List[Dict[str, Any]]:
        sql = f"select * from {_sql.quoted(table)} where 1=0"
        return _bridge.call("sql.execute", sql=sql, rows=0)["columns"]

    def _access(self) -> "_Access":
        said = _bridge.call("sql.jdbc")
        return _Access(self.jdbcurl or said["url"], said.get("user"), said.get("password"),
                       said.get("driver"), bool(said.get("in_transaction")) and not self.jdbcurl)

    def _open(self, access: "_Access") -> Any:
        jvm = self.spark_session._jvm
        if access.driver:
            jvm.java.lang.Class.forName(access.driver)
        properties = jvm.java.util.Properties()
        for name in ("user", "password"):
            if getattr(access, name):
                properties.setProperty(name, getattr(access, name))
        return jvm.java.sql.DriverManager.getConnection(access.url, properties)

    def _connection(self, access: "_Access") -> "_Connection":
        return _Connection(self._open(access))


class SpliceMLContext(PySpliceContext):
    """SpliceMLContext(sparkSession, useH2O=False): the database of this notebook."""

    def __init__(self, sparkSession: Any = None, useH2O: bool = False, _unit_testing: bool = False):
        if useH2O:
            raise SpliceError("H2O's Sparkling Water has no release for this Spark",
                              "Leave useH2O out; H2O itself works beside Spark.")
        super().__init__(sparkSession, _unit_testing=_unit_testing)


ExtPySpliceContext = PySpliceContext


class _Access(NamedTuple):
    """How Spark's JDBC source reaches the database."""

    url: str
    user: Optional[str]
    password: Optional[str]
    driver: Optional[str]
    in_transaction: bool

    def options(self) -> Dict[str, str]:
        every = {"url": self.url, "user": self.user, "password": self.password, "driver": self.driver}
        return {k: v for k, v in every.items() if v}


class _Connection:
    """A Java connection for the length of a block; its SQLException becomes SQLError."""

    def __init__(self, java: Any):
        self._java = java

    def __enter__(self) -> Any:
        return self._java

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        try:
            if not self._java.getAutoCommit():
                self._java.rollback()  # after a commit there is nothing left of it
            self._java.close()
        except Exception:
            if error is None:
                raise
        cause = getattr(error, "java_exception", None)
        if cause is not None and hasattr(cause, "getSQLState") and cause.getSQLState():
            raise SQLError(cause.getSQLState(), str(cause.getMessage())) from None
        return False


def _joined(schema_or_name: str, table: Optional[str]) -> str:
    return f"{schema_or_name}.{table}" if table else schema_or_name


def _compression(value: Any) -> Optional[str]:
    return value if isinstance(value, str) else ("gzip" if value else None)


def _linked(location: str) -> str:
    from splicemachine import _buckets

    _buckets.link(_buckets.in_text(location))
    return location
