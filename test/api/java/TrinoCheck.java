// What Trino's JDBC driver does against a server: prints a line for each thing seen. Arguments: JDBC URL, encoding or none.
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

public class TrinoCheck {
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("user", "ann");
    if (!arguments[1].equals("none")) properties.setProperty("encoding", arguments[1]);
    try (Connection connection = DriverManager.getConnection(arguments[0], properties)) {
      metadata(connection.getMetaData());
      values(connection);
      prepared(connection);
      session(connection);
      failures(connection);
      large(connection);
      cancel(connection);
    }
    // The driver's idle threads would keep the process for a minute.
    System.exit(0);
  }

  static void metadata(DatabaseMetaData data) throws Exception {
    say("catalogs", column(data.getCatalogs(), 1));
    say("schemas", column(data.getSchemas("volley", "def%"), 1));
    say("tables", column(data.getTables("volley", "default", "%", new String[] {"TABLE", "VIEW"}), 3));
    say("columns", column(data.getColumns(null, null, "t", null), 4) + " " + column(data.getColumns(null, null, "t", null), 6));
    say("types", column(data.getTypeInfo(), 1));
    say("table types", column(data.getTableTypes(), 1));
    ResultSet[] empty = {
      data.getProcedures(null, null, null), data.getProcedureColumns(null, null, null, null),
      data.getUDTs(null, null, null, null), data.getSuperTypes(null, null, null), data.getSuperTables(null, null, null),
      data.getAttributes(null, null, null, null), data.getPseudoColumns(null, null, null, null),
      data.getPrimaryKeys("volley", "default", "t"), data.getImportedKeys("volley", "default", "t")};
    int rows = 0;
    for (ResultSet each : empty) rows += column(each, 1).size();
    say("no rows", rows);
  }

  static void values(Connection connection) throws Exception {
    String sql = "select true as a, cast(1 as tinyint) as b, cast(2 as smallint) as c, 3 as d, 9007199254740993 as e, "
        + "cast(1.5 as real) as f, cast('nan' as double) as g, cast('-inf' as double) as h, cast(1.5 as decimal(10,2)) as i, "
        + "date '2024-02-29' as j, timestamp '2024-02-29 01:02:03.000004' as k, interval '1 day' as m, 'ä' as n, "
        + "cast('x' as blob) as o, null as p, cast(12345678901234567890.123 as decimal(38,3)) as r";
    try (Statement statement = connection.createStatement(); ResultSet result = statement.executeQuery(sql)) {
      result.next();
      ResultSetMetaData columns = result.getMetaData();
      List<String> seen = new ArrayList<>();
      for (int i = 1; i <= columns.getColumnCount(); i++) {
        Object value = result.getObject(i);
        String text = value instanceof byte[] bytes ? String.valueOf(bytes.length) + " bytes" : String.valueOf(value);
        seen.add(columns.getColumnTypeName(i) + " " + text);
      }
      say("values", seen);
    }
  }

  static void prepared(Connection connection) throws Exception {
    try (PreparedStatement statement = connection.prepareStatement("select a, b from t where a > ? and b <> ? order by a")) {
      statement.setInt(1, 1);
      statement.setString(2, "it's");
      ResultSetMetaData output = statement.getMetaData();
      say("prepared", statement.getParameterMetaData().getParameterCount() + " " + output.getColumnName(2) + " "
          + output.getColumnTypeName(1) + " " + column(statement.executeQuery(), 2));
    }
    try (PreparedStatement statement = connection.prepareStatement("select ? as a, ? as b, ? as c, ? as d, ? as e")) {
      statement.setLong(1, 1L << 60);
      statement.setBigDecimal(2, new BigDecimal("12.340"));
      statement.setDate(3, Date.valueOf("2024-02-29"));
      statement.setTimestamp(4, Timestamp.valueOf("2024-02-29 01:02:03.5"));
      statement.setBytes(5, new byte[] {1, 2, (byte) 255});
      ResultSet result = statement.executeQuery();
      result.next();
      say("parameters", result.getLong(1) + " " + result.getBigDecimal(2) + " " + result.getDate(3) + " "
          + result.getTimestamp(4) + " " + result.getBytes(5).length);
    }
  }

  static void session(Connection connection) throws Exception {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      say("in a transaction", column(statement.executeQuery("select count(*) as n from t"), 1));
    }
    connection.commit();
    connection.setAutoCommit(true);
    try (Statement statement = connection.createStatement()) {
      statement.execute("USE volley.information_schema");
      say("schema", connection.getSchema() + " " + column(statement.executeQuery("select table_name from tables"), 1));
      statement.execute("USE volley.default");
      statement.execute("SET SESSION query_max_run_time = '2h'");
      say("session", column(statement.executeQuery("SHOW SESSION"), 2));
      say("functions", column(statement.executeQuery("SHOW FUNCTIONS LIKE 'sqrt'"), 2));
    }
  }

  static void failures(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.executeQuery("select nothing\nfrom t");
    } catch (SQLException error) {
      say("error", error.getErrorCode() + " " + error.getMessage().replaceAll("^.*?: ", ""));
    }
  }

  static void large(Connection connection) throws Exception {
    String sql = "select a.i * 1000 + b.j as n, repeat(cast(sqrt(a.i * 1000 + b.j) as varchar), 5) as t "
        + "from range(60) a(i), range(1000) b(j)";
    try (Statement statement = connection.createStatement(); ResultSet result = statement.executeQuery(sql)) {
      long rows = 0;
      long sum = 0;
      for (; result.next(); rows++) sum += result.getLong(1);
      say("large", rows + " " + sum);
    }
  }

  static void cancel(Connection connection) throws Exception {
    String sql = "select count(*) as n from range(9999) a(i), range(9999) b(j), range(9999) c(k) where i * j % 7 = k % 5";
    Statement statement = connection.createStatement();
    new Thread(() -> {
      try {
        Thread.sleep(1500);
        statement.cancel();
      } catch (Exception error) {
        say("cancel", error);
      }
    }).start();
    try (ResultSet result = statement.executeQuery(sql)) {
      result.next();
    } catch (SQLException error) {
      say("cancelled", error.getMessage());
    }
  }

  static List<String> column(ResultSet result, int index) throws SQLException {
    List<String> values = new ArrayList<>();
    while (result.next()) values.add(result.getString(index));
    return values;
  }

  static void say(String what, Object seen) {
    System.out.println(what + ": " + seen);
  }
}
