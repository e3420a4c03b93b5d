"""What Trino's Python client and its SQLAlchemy dialect do against a server: arguments host and port; prints JSON."""

import json
import sys

import sqlalchemy
import trino

host, port = sys.argv[1], int(sys.argv[2])
sql = (
    "select 9007199254740993 as a, cast(1.5 as decimal(10,2)) as d, timestamp '2024-02-29 01:02:03.000004' as t, "
    "date '2024-02-29' as day, 'x' as s, null as n"
)
found = {"encodings": {}}
for encoding in (None, "json", "json+zstd"):
    connection = trino.dbapi.connect(
        host=host, port=port, user="ann", catalog="volley", schema="default", http_scheme="http", encoding=encoding
    )
    cursor = connection.cursor()
    cursor.execute(sql)
    found["encodings"][str(encoding)] = [str(value) for value in cursor.fetchall()[0]]
# Large enough for segments that are fetched by links.
large = "select a.i * 1000 + b.j as n, repeat(cast(sqrt(a.i * 1000 + b.j) as varchar), 5) as t from range(60) a(i), range(1000) b(j)"
found["large"] = {}
for encoding in (None, "json", "json+zstd"):
    connection = trino.dbapi.connect(
        host=host, port=port, user="ann", catalog="volley", schema="default", http_scheme="http", encoding=encoding
    )
    cursor = connection.cursor()
    cursor.execute(large)
    rows = cursor.fetchall()
    found["large"][str(encoding)] = [len(rows), sum(row[0] for row in rows)]
cursor.execute("select ? + 1 as a, ? as b", (41, "it's"))
found["parameters"] = cursor.fetchall()
try:
    cursor.execute("select * from nowhere")
    cursor.fetchall()
except trino.exceptions.TrinoUserError as error:
    found["error"] = [error.error_name, error.error_code, error.error_type]
found["described"] = [[column.name, column.type] for column in cursor.describe("select * from t where a > 1")]
with trino.dbapi.connect(
    host=host,
    port=port,
    user="ann",
    catalog="volley",
    schema="default",
    http_scheme="http",
    isolation_level=trino.transaction.IsolationLevel.READ_COMMITTED,
) as connection:
    cursor = connection.cursor()
    cursor.execute("select count(*) as n from t")
    found["transaction"] = cursor.fetchall()

engine = sqlalchemy.create_engine(f"trino://ann@{host}:{port}/volley/default")
inspector = sqlalchemy.inspect(engine)
found["schemas"] = inspector.get_schema_names()
found["tables"] = inspector.get_table_names()
found["views"] = inspector.get_view_names()
found["columns"] = [[column["name"], str(column["type"])] for column in inspector.get_columns("t")]
found["has"] = [inspector.has_table("t"), inspector.has_table("nope")]
with engine.connect() as connection:
    table = sqlalchemy.Table("t", sqlalchemy.MetaData(), autoload_with=connection)
    query = sqlalchemy.select(table).where(table.c.a > 1).order_by(table.c.a)
    found["rows"] = [list(row) for row in connection.execute(query)]
    grouped = sqlalchemy.select(sqlalchemy.func.sum(table.c.a), sqlalchemy.func.count()).select_from(table)
    found["grouped"] = [list(row) for row in connection.execute(grouped)]
print(json.dumps(found))
