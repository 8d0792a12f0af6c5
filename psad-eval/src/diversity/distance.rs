//! How far the items of the top k are from each other.

use ndarray::ArrayRef2;
use psad_core::Slate;

use super::Topics;
use crate::input::{InputError, check_length};

/// Intra-list distance (also ILAD) by category: the mean over pairs of the top k of 1 where the two share no category
/// and 0 where they do (Zhang & Hurley, *Avoiding monotony*, `RecSys` 2008, with this distance).
///
/// k larger than the slate is the whole slate; undefined where the top k has fewer than two items. Items without any
/// category share none with anybody.
///
/// ```
/// use psad_core::Slate;
/// use psad_eval::{CategoryIld, Topics};
/// let slate = Slate::new(vec![0, 1, 2], 3)?;
/// let ild = CategoryIld { k: 3 };
/// assert_eq!(ild.name(), "ild@3(category)");
/// assert_eq!(ild.value(&slate, &Topics::single([7, 7, 2]))?, Some(2. / 3.));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CategoryIld {
    /// How many slots count.
    pub k: usize,
}

impl CategoryIld {
    /// `ild@5(category)`.
    pub fn name(&self) -> String {
        format!("ild@{}(category)", self.k)
    }

    /// The mean distance, in [0, 1].
    ///
    /// # Errors
    /// [`InputError::Length`] for categories of another number of candidates than the slate was chosen from.
    pub fn value(&self, slate: &Slate, topics: &Topics) -> Result<Option<f64>, InputError> {
        topics.check(slate)?;
        let shown = &slate.as_slice()[..self.k.min(slate.len())];
        Ok(mean_over_pairs(shown, |&a, &b| f64::from(u8::from(!topics.share(a, b)))))
    }
}

/// Intra-list distance (also ILAD) by embedding: the mean over pairs of the top k of `1 − cos`, from 0 for one direction
/// to 2 for opposite ones (Zhang & Hurley, *Avoiding monotony*, `RecSys` 2008, with this distance).
///
/// k larger than the slate is the whole slate; undefined where the top k has fewer than two items.
///
/// ```
/// use ndarray::array;
/// use psad_core::Slate;
/// use psad_eval::CosineIld;
/// let vectors = array![[1., 0.], [0., 3.], [-1., 0.]];
/// let ild = CosineIld { k: 2 };
/// assert_eq!(ild.name(), "ild@2(cosine)");
/// assert_eq!(ild.value(&Slate::new(vec![0, 1, 2], 3)?, &vectors)?, Some(1.));
/// assert_eq!(ild.value(&Slate::new(vec![2, 0], 3)?, &vectors)?, Some(2.));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CosineIld {
    /// How many slots count.
    pub k: usize,
}

impl CosineIld {
    /// `ild@5(cosine)`.
    pub fn name(&self) -> String {
        format!("ild@{}(cosine)", self.k)
    }

    /// The mean distance, in [0, 2], from `vectors` of shape `[candidates, dimensions]`.
    ///
    /// # Errors
    /// [`InputError::Length`] for another number of vectors than the slate has candidates; [`InputError::Vector`] for a
    /// vector among the top k that is zero or not finite. Vectors of other candidates are not looked at.
    pub fn value(&self, slate: &Slate, vectors: &ArrayRef2<f32>) -> Result<Option<f64>, InputError> {
        check_length("vectors", slate.candidates(), vectors.nrows())?;
        let shown = slate.iter().take(self.k).map(|item| direction(vectors, item));
        let shown = shown.collect::<Result<Vec<_>, _>>()?;
        Ok(mean_over_pairs(&shown, |a, b| {
            let cosine: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            1. - cosine.clamp(-1., 1.)
        }))
    }
}

/// The vector of an item, scaled to length 1.
fn direction(vectors: &ArrayRef2<f32>, item: usize) -> Result<Vec<f64>, InputError> {
    let row = vectors.row(item);
    // The squares of `f32` neither overflow nor vanish in `f64`.
    let norm = row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    if norm > 0. && norm.is_finite() {
        Ok(row.iter().map(|&x| f64::from(x) / norm).collect())
    } else {
        Err(InputError::Vector { item, norm })
    }
}

fn mean_over_pairs<T>(items: &[T], distance: impl Fn(&T, &T) -> f64) -> Option<f64> {
    let pairs = items.len() * items.len().saturating_sub(1) / 2;
    let each = items.iter().enumerate().flat_map(|(n, a)| items[..n].iter().map(move |b| (a, b)));
    let sum: f64 = each.map(|(a, b)| distance(a, b)).sum();
    (pairs > 0).then(|| sum / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_vector_without_direction_is_refused_where_it_is_shown() {
        let vectors = array![[1., 0.], [0., 0.], [f32::NAN, 1.], [f32::MAX, f32::MAX]];
        let value = |items: &[usize]| CosineIld { k: 2 }.value(&Slate::new(items.to_vec(), 4).unwrap(), &vectors);
        assert_eq!(value(&[0, 1]), Err(InputError::Vector { item: 1, norm: 0. }));
        assert!(matches!(value(&[2, 0]), Err(InputError::Vector { item: 2, .. })));
        let distance = value(&[0, 3, 1, 2]).unwrap().unwrap();
        assert!((distance - (1. - 0.5_f64.sqrt())).abs() < 1e-12);
        let short = CosineIld { k: 2 }.value(&Slate::initial(3, 2), &vectors);
        assert_eq!(short, Err(InputError::Length { what: "vectors", expected: 3, found: 4 }));
    }

    #[test]
    fn a_single_item_has_no_distance() {
        let value = |items: &[usize], k| {
            CategoryIld { k }.value(&Slate::new(items.to_vec(), 2).unwrap(), &Topics::single([1, 2])).unwrap()
        };
        assert_eq!((value(&[], 3), value(&[1], 3), value(&[1, 0], 1), value(&[1, 0], 3)), (None, None, None, Some(1.)));
    }
}
