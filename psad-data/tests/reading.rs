//! Folders that are wrong in one way or another.

mod common;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use psad_data::{DataError, RankerConfig, RatingsConfig, RatingsDataset, RowFault, SkipReason, Split, SplitFractions};

fn config(lenient: bool) -> RatingsConfig {
    let ranker = RankerConfig { factors: 2, sweeps: 1, ..RankerConfig::default() };
    let splits = common::shares();
    RatingsConfig { list_length: 5, min_list_length: 2, splits, ranker, lenient, ..RatingsConfig::default() }
}

fn load(folder: &Path, lenient: bool) -> Result<RatingsDataset, DataError> {
    RatingsDataset::load(folder, &config(lenient))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    common::write(folder.path(), 20, &common::rows(8, 20, 1));
    folder
}

/// Rewrites a file of the folder.
fn edit(folder: &Path, file: &str, change: impl Fn(String) -> String) {
    let path = folder.join(file);
    fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
}

#[test]
fn a_missing_file_and_a_missing_column_are_named() {
    let folder = folder();
    let error = load(&folder.path().join("nowhere"), false).unwrap_err();
    assert!(matches!(&error, DataError::Io { path, .. } if path.ends_with("movies.csv")), "{error}");
    edit(folder.path(), "ratings.csv", |text| text.replace("timestamp", "when"));
    let error = load(folder.path(), true).unwrap_err();
    assert!(matches!(&error, DataError::MissingColumn { column: "timestamp", .. }), "{error}");
    assert!(error.to_string().contains(r#"["userId", "movieId", "rating", "when"]"#), "{error}");
    fs::remove_file(folder.path().join("ratings.csv")).unwrap();
    fs::create_dir(folder.path().join("ratings.csv")).unwrap();
    assert!(matches!(load(folder.path(), true), Err(DataError::Io { .. })), "a folder is no file");
}

#[test]
fn a_file_without_usable_rows_is_an_error_even_when_lenient() {
    let folder = folder();
    edit(folder.path(), "ratings.csv", |text| text.lines().next().unwrap().to_owned());
    assert!(matches!(load(folder.path(), false), Err(DataError::Empty { skipped: 0, .. })));
    edit(folder.path(), "ratings.csv", |text| format!("{text}\n1,10,9,5\n"));
    assert!(matches!(load(folder.path(), true), Err(DataError::Empty { skipped: 1, .. })));
    edit(folder.path(), "ratings.csv", |_| String::new());
    assert!(matches!(load(folder.path(), true), Err(DataError::Empty { .. })));
}

#[test]
fn a_split_that_comes_out_without_a_list_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    common::write(folder.path(), 3, &common::rows(1, 3, 1));
    let error = load(folder.path(), false).unwrap_err();
    assert!(matches!(error, DataError::EmptySplit { .. }), "{error}");
    edit(folder.path(), "ratings.csv", |text| text.lines().take(2).collect::<Vec<_>>().join("\n"));
    let error = load(folder.path(), false).unwrap_err();
    assert!(matches!(error, DataError::EmptySplit { split: Split::RankerTrain, ratings: 0 }), "{error}");
    let splits = SplitFractions { ranker_train: 1., reranker_train: 0., validation: 0., test: 0. };
    let dataset = RatingsDataset::load(folder.path(), &RatingsConfig { splits, ..config(false) }).unwrap();
    assert!(dataset.train.is_empty(), "a split without a share may be empty");
}

#[test]
fn line_ends_column_order_and_further_columns_change_nothing() {
    let folder = folder();
    let expected = load(folder.path(), false).unwrap();
    assert_eq!(expected.title(1), Some("Film, 1 (1951)"));
    assert_eq!(expected.movie(1).unwrap().year, Some(1951));
    edit(folder.path(), "movies.csv", |text| text.replace('\n', "\r\n"));
    edit(folder.path(), "ratings.csv", |text| {
        let turned = |line: &str| line.split(',').rev().chain(["more"]).collect::<Vec<_>>().join(",") + "\r\n";
        text.lines().map(turned).collect()
    });
    let found = load(folder.path(), false).unwrap();
    assert_eq!((found.train, found.validation, found.test), (expected.train, expected.validation, expected.test));
}

#[test]
fn ratings_of_an_unknown_movie_are_refused_or_counted() {
    let folder = folder();
    edit(folder.path(), "movies.csv", |text| text.replace("\n30,", "\n31,"));
    let error = load(folder.path(), false).unwrap_err();
    assert!(matches!(&error, DataError::Row(row) if row.fault == RowFault::UnknownMovie { movie: 30 }), "{error}");
    let dataset = load(folder.path(), true).unwrap();
    let report = &dataset.report().ratings;
    assert_eq!((report.read, report.skipped[&SkipReason::UnknownMovie]), (152, 8));
    assert_eq!((report.examples.len(), report.examples[0].line), (5, 4), "only a few are quoted");
    assert!(report.to_string().starts_with("152 rows read, 8 skipped; UnknownMovie: 8\n"), "{report}");
    assert_eq!(dataset.report().users, 8);
}

proptest! {
    #![proptest_config(common::cases(48))]

    #[test]
    fn faulty_rows_are_refused_with_line_and_column_or_counted(
        faults in prop::collection::btree_map(
            0_usize..160, (0_usize..4, "[a-z;\"]{0,6}|-1|NaN|1e400|99999999999999999999"), 1..8,
        ),
    ) {
        let folder = folder();
        let columns = ["userId", "movieId", "rating", "timestamp"];
        edit(folder.path(), "ratings.csv", |text| {
            let row = |(index, line): (usize, &str)| {
                let mut values: Vec<String> = line.split(',').map(str::to_owned).collect();
                if let Some((column, value)) = index.checked_sub(1).and_then(|row| faults.get(&row)) {
                    values[*column] = format!("\"{}\"", value.replace('"', "\"\""));
                }
                values.join(",")
            };
            text.lines().enumerate().map(row).collect::<Vec<_>>().join("\n")
        });
        let (&first, (column, value)) = faults.first_key_value().unwrap();
        match load(folder.path(), false) {
            Err(DataError::Row(row)) => {
                prop_assert_eq!(row.line, first as u64 + 2);
                let RowFault::Malformed { column: found, value: quoted, .. } = row.fault else {
                    return Err(TestCaseError::fail(row.to_string()));
                };
                prop_assert_eq!((found, &quoted), (columns[*column], value));
            }
            other => prop_assert!(false, "{:?}", other.map(|_| ())),
        }
        let dataset = load(folder.path(), true).unwrap();
        prop_assert_eq!(dataset.report().ratings.skipped[&SkipReason::Malformed], faults.len());
        prop_assert_eq!(dataset.report().ratings.read, 160 - faults.len());
        prop_assert_eq!(psad_data::lint(&dataset), vec![]);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        movies in any::<Vec<u8>>(), ratings in any::<Vec<u8>>(), lenient in any::<bool>(),
    ) {
        let folder = folder();
        for (file, header, bytes) in [
            ("movies.csv", "movieId,title,genres\n", movies),
            ("ratings.csv", "userId,movieId,rating,timestamp\n", ratings),
        ] {
            let mut text = fs::read(folder.path().join(file)).unwrap();
            text.extend(bytes.iter().copied());
            fs::write(folder.path().join(file), &text).unwrap();
            let _ = load(folder.path(), lenient);
            fs::write(folder.path().join(file), [header.as_bytes(), &bytes].concat()).unwrap();
            let _ = load(folder.path(), lenient);
        }
    }
}
