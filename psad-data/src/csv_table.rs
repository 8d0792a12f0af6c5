//! Reading a CSV file row by row, with columns found by name and lines counted right.

use std::fs::File;
use std::io::{Chain, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use crate::error::{DataError, RowError, RowFault};

/// Characters of a faulty value that an error quotes.
const QUOTED: usize = 60;

/// A CSV file with a header, of which some columns are wanted. One row is in memory at a time.
#[derive(Debug)]
pub(crate) struct CsvTable {
    path: PathBuf,
    reader: Reader<Chain<File, &'static [u8]>>,
    record: ByteRecord,
    names: Vec<&'static str>,
    columns: Vec<usize>,
    width: usize,
}

/// One row, as wide as the header.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    table: &'a CsvTable,
    line: u64,
}

impl CsvTable {
    /// Opens a file and finds the wanted columns, wherever they stand; others are allowed and ignored.
    pub(crate) fn open(path: &Path, names: &[&'static str]) -> Result<Self, DataError> {
        let io = |source| DataError::Io { path: path.to_owned(), source };
        // A last line without its newline would be counted like the line before it.
        let bytes = File::open(path).map_err(io)?.chain(&b"\n"[..]);
        // A record must end at `\n`: were `\r` an end too, the `\n` after it would count towards the next record.
        let terminator = Terminator::Any(b'\n');
        let mut reader = ReaderBuilder::new().flexible(true).terminator(terminator).from_reader(bytes);
        let header = reader.byte_headers().map_err(|error| io(error.into()))?;
        let header: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        if header.iter().all(String::is_empty) {
            return Err(DataError::Empty { path: path.to_owned(), skipped: 0 });
        }
        let mut columns = Vec::new();
        for &column in names {
            match header.iter().position(|name| name == column) {
                Some(index) => columns.push(index),
                None => return Err(DataError::MissingColumn { path: path.to_owned(), column, header }),
            }
        }
        let (record, names, width) = (ByteRecord::new(), names.to_vec(), header.len());
        Ok(Self { path: path.to_owned(), reader, record, names, columns, width })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The next row, or the fault that it has as a whole; `None` at the end of the file. Blank lines are passed over.
    pub(crate) fn next_row(&mut self) -> Result<Option<Result<Row<'_>, RowError>>, DataError> {
        loop {
            match self.reader.read_byte_record(&mut self.record) {
                Err(error) => return Err(DataError::Io { path: self.path.clone(), source: error.into() }),
                Ok(false) => return Ok(None),
                Ok(true) => {}
            }
            if self.record.len() > 1 || !self.record.as_slice().trim_ascii().is_empty() {
                break;
            }
        }
        let row = Row { table: self, line: self.line() };
        let (expected, found) = (self.width, self.record.len());
        Ok(Some(if expected == found { Ok(row) } else { Err(row.error(RowFault::Width { expected, found })) }))
    }

    /// Line on which the current record begins. The reader's own number is that of the blank lines before it, so the
    /// line is counted back from the end of the record; for a quote that never closes the reader's number is right.
    fn line(&self) -> u64 {
        // Lines that the record covers: one more than it has line ends inside.
        let covered = self.record.as_slice().split(|&byte| byte == b'\n').count() as u64;
        let counted_back = self.reader.position().line().saturating_sub(covered);
        let begun = self.record.position().map_or(0, csv::Position::line);
        counted_back.max(begun)
    }
}

impl Row<'_> {
    /// Line on which the row begins.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// An error at this row.
    pub(crate) fn error(&self, fault: RowFault) -> RowError {
        RowError { path: self.table.path.clone(), line: self.line, fault }
    }

    /// The text of a wanted column (an index into the names given to [`CsvTable::open`]), not empty.
    pub(crate) fn text(&self, column: usize) -> Result<&str, RowError> {
        let text = std::str::from_utf8(self.bytes(column)).map_err(|_| self.malformed(column, "text in UTF-8"))?;
        if text.is_empty() {
            return Err(self.malformed(column, "a value"));
        }
        Ok(text)
    }

    /// The value of a wanted column, if `read` accepts its text.
    pub(crate) fn value<T>(
        &self,
        column: usize,
        expected: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, RowError> {
        let text = std::str::from_utf8(self.bytes(column)).ok();
        text.and_then(read).ok_or_else(|| self.malformed(column, expected))
    }

    fn bytes(&self, column: usize) -> &[u8] {
        // The row is as wide as the header, in which the columns were found.
        self.table.record.get(self.table.columns[column]).unwrap_or_default().trim_ascii()
    }

    fn malformed(&self, column: usize, expected: &'static str) -> RowError {
        let value = String::from_utf8_lossy(self.bytes(column));
        let mut quoted: String = value.chars().take(QUOTED).collect();
        if quoted.len() < value.len() {
            quoted.push('…');
        }
        self.error(RowFault::Malformed { column: self.table.names[column], value: quoted, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_and_values(text: &str) -> Vec<Result<(u64, String), RowError>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        let mut table = CsvTable::open(&path, &["b"]).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = table.next_row().unwrap() {
            rows.push(row.and_then(|row| Ok((row.line(), row.text(0)?.to_owned()))));
        }
        rows
    }

    #[test]
    fn lines_are_counted_right_with_blank_lines_quotes_and_both_line_ends() {
        let unix = "a,b\n1,2\n\n \n3,\"4\"\n\"x\n\ny\",5\n\n6,\"7\nz\"";
        let expected = [(2, "2"), (5, "4"), (6, "5"), (10, "7\nz")];
        for (text, end) in [(unix.to_owned(), "\n"), (unix.replace('\n', "\r\n"), "\r\n")] {
            let rows: Vec<_> = lines_and_values(&text).into_iter().map(Result::unwrap).collect();
            let expected: Vec<_> = expected.map(|(line, value)| (line, value.replace('\n', end))).to_vec();
            assert_eq!(rows, expected, "line end {end:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_spaces_do_not_hide_a_column() {
        assert_eq!(lines_and_values("\u{feff}b , a\n 1 ,2\n"), [Ok((2, "1".to_owned()))]);
    }

    #[test]
    fn a_row_of_another_width_and_an_unclosed_quote_are_faults_with_their_line() {
        let rows = lines_and_values("a,b\n1,2,3\n1\n1,\"2\n3,4\n");
        assert_eq!(rows[0].as_ref().unwrap_err().fault, RowFault::Width { expected: 2, found: 3 });
        assert_eq!(rows[1].as_ref().unwrap_err().to_string().split("table.csv").nth(1).unwrap(), {
            ", line 3: 1 columns where the header has 2"
        });
        assert_eq!(rows[2], Ok((4, "2\n3,4".to_owned())));
    }

    #[test]
    fn bytes_that_are_no_text_are_a_fault_and_a_long_value_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, [b"b\n\xff\n".to_vec(), vec![b'9'; 500]].concat()).unwrap();
        let mut table = CsvTable::open(&path, &["b"]).unwrap();
        let row = table.next_row().unwrap().unwrap().unwrap();
        assert!(row.text(0).unwrap_err().to_string().contains("expected text in UTF-8"));
        let row = table.next_row().unwrap().unwrap().unwrap();
        let error = row.value(0, "an id", |text| text.parse::<u32>().ok()).unwrap_err();
        assert!(error.to_string().len() < 250, "{error}");
        assert!(error.to_string().contains("9…\"; expected an id"), "{error}");
    }
}
