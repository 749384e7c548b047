import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;

/**
 * Derby's own JDBC client, doing what the kernel's SQL cells are measured at. Reads commands from standard
 * input, one a line, and answers each with a line when it is done: so the virtual machine stays warm, and
 * whoever drives it measures from outside, as for the kernel.
 *
 * <pre>
 * java JdbcClient URL
 *     import FILE TABLE    the file's rows, its header left out, in batches of 1,000, one transaction
 *     select TABLE         every row, each column read as its type
 *     run SQL
 * </pre>
 *
 * The answer is "ok ROWS"; an error ends the program.
 */
final class JdbcClient {
	private static final int BATCH = 1000;

	private final Connection connection;
	/** What was read goes in here, so that no compiler can leave the reading out. */
	private double sum;

	private JdbcClient(Connection connection) {
		this.connection = connection;
	}

	public static void main(String[] args) throws SQLException, IOException {
		try (Connection connection = DriverManager.getConnection(args[0])) {
			JdbcClient client = new JdbcClient(connection);
			BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
			for (String line; (line = in.readLine()) != null;) {
				System.out.println("ok " + client.execute(line));
			}
			if (Double.isNaN(client.sum)) {
				throw new IllegalStateException("a value was not a number");
			}
		}
	}

	private long execute(String line) throws SQLException, IOException {
		String[] words = line.split(" ", 3);
		switch (words[0]) {
		case "import":
			return importFile(Path.of(words[1]), words[2]);
		case "select":
			return select(words[1]);
		case "run":
			return run(line.substring("run ".length()));
		default:
			throw new IllegalArgumentException(line);
		}
	}

	private long run(String sql) throws SQLException {
		try (Statement statement = connection.createStatement()) {
			statement.execute(sql);
			return Math.max(statement.getUpdateCount(), 0);
		}
	}

	private int[] columnTypes(String table) throws SQLException {
		try (PreparedStatement statement = connection.prepareStatement("select * from " + table)) {
			int[] types = new int[statement.getMetaData().getColumnCount()];
			for (int i = 0; i < types.length; i++) {
				types[i] = statement.getMetaData().getColumnType(i + 1);
			}
			return types;
		}
	}

	private long importFile(Path file, String table) throws SQLException, IOException {
		int[] types = columnTypes(table);
		String sql = "insert into " + table + " values (?" + ",?".repeat(types.length - 1) + ")";
		long rows = 0;
		connection.setAutoCommit(false);
		try (BufferedReader in = Files.newBufferedReader(file);
				PreparedStatement insert = connection.prepareStatement(sql)) {
			in.readLine();
			for (String line; (line = in.readLine()) != null;) {
				setRow(insert, types, line.split(","));
				insert.addBatch();
				if (++rows % BATCH == 0) {
					insert.executeBatch();
				}
			}
			insert.executeBatch();
		}
		connection.commit();
		connection.setAutoCommit(true);
		return rows;
	}

	private static void setRow(PreparedStatement insert, int[] types, String[] fields) throws SQLException {
		for (int i = 0; i < types.length; i++) {
			switch (types[i]) {
			case Types.DOUBLE:
				insert.setDouble(i + 1, Double.parseDouble(fields[i]));
				break;
			case Types.INTEGER:
				insert.setInt(i + 1, parseInteger(fields[i]));
				break;
			case Types.DECIMAL:
				insert.setBigDecimal(i + 1, new BigDecimal(fields[i]));
				break;
			default:
				throw new SQLException("column " + (i + 1) + " has a type that is not measured");
			}
		}
	}

	/** Also in quotes, and as 1e+05: the file has one of these. */
	private static int parseInteger(String field) {
		String digits = field.startsWith("\"") ? field.substring(1, field.length() - 1) : field;
		return digits.indexOf('e') < 0 ? Integer.parseInt(digits) : new BigDecimal(digits).intValueExact();
	}

	private long select(String table) throws SQLException {
		int[] types = columnTypes(table);
		long rows = 0;
		try (Statement statement = connection.createStatement();
				ResultSet result = statement.executeQuery("select * from " + table)) {
			for (; result.next(); rows++) {
				readRow(result, types);
			}
		}
		return rows;
	}

	private void readRow(ResultSet result, int[] types) throws SQLException {
		for (int i = 0; i < types.length; i++) {
			switch (types[i]) {
			case Types.DOUBLE:
				sum += result.getDouble(i + 1);
				break;
			case Types.INTEGER:
				sum += result.getInt(i + 1);
				break;
			case Types.DECIMAL:
				sum += result.getBigDecimal(i + 1).signum();
				break;
			default:
				throw new SQLException("column " + (i + 1) + " has a type that is not measured");
			}
		}
	}
}
