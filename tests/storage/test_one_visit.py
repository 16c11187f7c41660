"""A statement visits the thread of its connection once, and brings all it found."""

from pathlib import Path

from core.storage import one_visit


async def test_what_a_statement_found_is_there_when_the_connection_has_gone(tmp_path: Path) -> None:
    connection = await one_visit.connect(str(tmp_path / "a.db"))
    statement = connection.cursor()
    await statement.execute("SELECT ? AS pods UNION SELECT 3 ORDER BY 1", (2,))
    await connection.close()
    assert (await statement.fetchall(), statement.description[0][0]) == ([(2,), (3,)], "pods")
    await statement.close()


async def test_an_update_counts_the_rows_it_returned(tmp_path: Path) -> None:
    connection = await one_visit.connect(str(tmp_path / "a.db"))
    await connection.cursor().execute("CREATE TABLE pod (name TEXT)")
    await connection.cursor().executemany("INSERT INTO pod VALUES (?)", [("a",), ("b",)])
    statement = connection.cursor()
    await statement.execute("UPDATE pod SET name = name || '1' RETURNING name")
    assert (statement.rowcount, await statement.fetchall()) == (2, [("a1",), ("b1",)])
    await connection.commit()
    await connection.close()


async def test_what_was_not_committed_is_rolled_back(tmp_path: Path) -> None:
    connection = await one_visit.connect(str(tmp_path / "a.db"))
    await connection.cursor().execute("CREATE TABLE pod (name TEXT)")
    await connection.commit()
    await connection.cursor().execute("INSERT INTO pod VALUES ('a')")
    await connection.rollback()
    statement = connection.cursor()
    await statement.execute("SELECT * FROM pod")
    assert await statement.fetchall() == []
    await connection.close()
