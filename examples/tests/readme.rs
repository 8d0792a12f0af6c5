//! The tables of the README are those of the study that is published beside it.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// A file of the checkout; lines that were checked out with another ending are the same lines.
fn read(name: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(text.replace("\r\n", "\n"))
}

fn rows(study: &Value, input: &str) -> Result<Vec<Value>> {
    let inputs = study["inputs"].as_array().context("no inputs")?;
    let found = inputs.iter().find(|found| found["name"] == input).with_context(|| format!("no input {input}"))?;
    Ok(found["rows"].as_array().context("no rows")?.clone())
}

fn number(value: &Value, field: &str) -> Result<f64> {
    value[field].as_f64().with_context(|| format!("no number {field} in {value}"))
}

/// As the report marks it.
fn star(difference: &Value) -> &'static str {
    if difference["p"].as_f64().is_some_and(|p| p < 0.05) { "*" } else { "" }
}

/// Every reranker with its utility on the three kinds of simulated users.
fn utilities(study: &Value) -> Result<Vec<String>> {
    let inputs = ["weak", "medium", "strong"];
    let tables = inputs.map(|input| rows(study, input)).into_iter().collect::<Result<Vec<_>>>()?;
    let mut lines = Vec::new();
    for (index, row) in tables[0].iter().enumerate() {
        let mut cells = vec![row["name"].as_str().context("a row without a name")?.to_owned()];
        for table in &tables {
            assert_eq!(table[index]["name"], row["name"], "rows are in one order");
            let mean = number(&table[index]["value"], "mean")?;
            cells.push(format!("{mean:.4}{}", star(&table[index]["vs_teacher"])));
        }
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    let best = |input: &str| -> Result<f64> {
        let inputs = study["inputs"].as_array().context("no inputs")?;
        number(inputs.iter().find(|found| found["name"] == input).context("no input")?, "optimum")
    };
    let [weak, medium, strong] = inputs.map(best);
    lines.push(format!("| the best slates | {:.4} | {:.4} | {:.4} |", weak?, medium?, strong?));
    Ok(lines)
}

/// Every reranker with its NDCG on ratings.
fn on_ratings(study: &Value) -> Result<Vec<String>> {
    let line = |row: &Value| -> Result<String> {
        let difference = |field: &str| -> Result<String> {
            let found = &row[field];
            Ok(if found.is_null() { String::new() } else { format!(" {:+.4}{}", number(found, "diff")?, star(found)) })
        };
        let initial = &row["vs_initial"];
        let interval = if initial.is_null() {
            String::new()
        } else {
            format!(" [{:+.4}, {:+.4}]", number(initial, "low")?, number(initial, "high")?)
        };
        let name = row["name"].as_str().context("a row without a name")?;
        let (mean, minus_initial) = (number(&row["value"], "mean")?, difference("vs_initial")?);
        Ok(format!("| {name} | {mean:.4} |{minus_initial} |{interval} |{} |", difference("vs_teacher")?))
    };
    rows(study, "ratings")?.iter().map(line).collect()
}

#[test]
fn the_readme_says_what_the_study_found() -> Result<()> {
    let (readme, study) = (read("README.md")?, serde_json::from_str(&read("docs/study.json")?)?);
    for lines in [utilities(&study)?, on_ratings(&study)?] {
        let table = lines.join("\n");
        assert!(readme.contains(&table), "README.md does not hold this table of docs/study.json:\n{table}\n");
    }
    Ok(())
}
