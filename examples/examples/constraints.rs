//! Rules on one list of films: a pinned slot, a cap per genre, a banned neighbourhood. What the scores alone would show,
//! what the rules make of it with two decoders, and what an impossible set of rules has to say.
//!
//! ```text
//! cargo run --release --example constraints
//! ```

use std::collections::BTreeSet;
use std::convert::Infallible;

use anyhow::{Context, Result};
use ndarray::{Array1, Array2};
use psad::core::{Candidates, Constraints, Group, History, Items, Request, Slate, SlateBuilder, User};
use psad::decode::{BlockSchedule, ScoreBlock, Strategy, decode_into, from_fn};
use psad::ndarray;

/// Title, genre, and what a model thinks of it for this user.
const FILMS: [(&str, &str, f32); 12] = [
    ("Alien", "horror", 2.9),
    ("The Thing", "horror", 2.8),
    ("The Shining", "horror", 2.6),
    ("Halloween", "horror", 2.5),
    ("Toy Story", "children", 2.3),
    ("Blade Runner", "science fiction", 2.2),
    ("Babe", "children", 2.1),
    ("The Matrix", "science fiction", 1.9),
    ("Fargo", "crime", 1.7),
    ("Heat", "crime", 1.4),
    ("Solaris", "science fiction", 1.2),
    ("A premiere, sponsored", "drama", 0.1),
];

const SLOTS: usize = 6;

fn genre(name: &str) -> Group {
    Group::new(name, (0..FILMS.len()).filter(|&film| FILMS[film].1 == name))
}

/// The same list decoded by a strategy: any generator's logits would do in place of the fixed ones.
fn decoded(strategy: &Strategy, rules: &Constraints) -> Result<Slate> {
    let mut model = from_fn(|hypotheses, slots| {
        let rows = Array2::from_shape_fn((slots.len(), FILMS.len()), |(_, film)| FILMS[film].2);
        Ok::<_, Infallible>(vec![ScoreBlock::new(rows); hypotheses.len()])
    });
    let slate = SlateBuilder::constrained(FILMS.len(), SLOTS, rules)?;
    let schedule = BlockSchedule::new(SLOTS, SLOTS)?;
    let lists = decode_into(strategy, schedule, vec![slate], &mut model)?;
    let best = lists.into_iter().flatten().next().context("the decoder gave no slate")?;
    Ok(best.slate)
}

fn show(heading: &str, slate: &Slate) {
    println!("{heading}");
    let worth: f32 = slate.iter().map(|film| FILMS[film].2).sum();
    for (slot, (title, genre, _)) in slate.iter().map(|film| FILMS[film]).enumerate() {
        println!("  {slot}  {title:<22} {genre}");
    }
    println!("     sum of scores {worth:.1}\n");
}

fn main() -> Result<()> {
    let scores: Vec<f32> = FILMS.iter().map(|film| film.2).collect();
    let items = Items::new(Array2::zeros((FILMS.len(), 1)), Array2::zeros((FILMS.len(), 0)))?;
    let candidates = Candidates::new(items, Array1::from(scores.clone()))?;
    let request = Request::new(User::anonymous(), History::empty(1, 0), candidates)?;
    show("by score", &request.top_by_score(&scores, SLOTS)?);

    let genres: BTreeSet<&str> = FILMS.iter().map(|film| film.1).collect();
    let rules = Constraints::new()
        .pin(11, 2) // the sponsor has paid for slot 2
        .at_most_each(2, genres.into_iter().map(genre))
        .at_least(1, genre("crime"))
        .ban_neighbours(genre("horror"), genre("children"))
        .ban_neighbours(genre("science fiction"), genre("crime"));
    let request = request.with_constraints(rules.clone())?;
    show("by score, with rules: slot after slot", &request.top_by_score(&scores, SLOTS)?);
    show("a beam of 64, with the same rules", &decoded(&Strategy::Beam { width: 64 }, &rules)?);

    // Six films are asked for, and the sponsor's.
    let impossible = ["horror", "crime", "science fiction"].map(genre).into_iter();
    let impossible = impossible.fold(rules, |rules, genre| rules.at_least(2, genre));
    let error = SlateBuilder::constrained(FILMS.len(), SLOTS, &impossible).err().context("it should be impossible")?;
    println!("one rule too many\n  {error}");
    Ok(())
}

// Output:
//
//     by score
//       0  Alien                  horror
//       1  The Thing              horror
//       2  The Shining            horror
//       3  Halloween              horror
//       4  Toy Story              children
//       5  Blade Runner           science fiction
//          sum of scores 15.3
//
//     by score, with rules: slot after slot
//       0  Alien                  horror
//       1  The Thing              horror
//       2  A premiere, sponsored  drama
//       3  Toy Story              children
//       4  Babe                   children
//       5  Fargo                  crime
//          sum of scores 11.9
//
//     a beam of 64, with the same rules
//       0  Alien                  horror
//       1  The Thing              horror
//       2  A premiere, sponsored  drama
//       3  Blade Runner           science fiction
//       4  Toy Story              children
//       5  Fargo                  crime
//          sum of scores 12.0
//
//     one rule too many
//       no slate of 6 out of 12 candidates keeps all of these rules: item 11 in slot 2; at least 2 of `horror` (4
//       candidates); at least 2 of `crime` (2 candidates); at least 2 of `science fiction` (3 candidates)   (one line)
