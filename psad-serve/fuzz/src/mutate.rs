//! Changes of a file that its checksum does not hide.

use serde_json::{Value, json};

use crate::draw::Draw;
use crate::parts::{Parts, Tensor};

/// Changes bytes, as libFuzzer does it; `usize` is the most that there may become.
pub type Bytes<'a> = &'a dyn Fn(&mut Vec<u8>, usize);

/// A file that differs in one place from a file, sealed; `None` for bytes that cannot be taken apart.
pub fn mutate(file: &[u8], seed: u64, bytes: Bytes<'_>) -> Option<Vec<u8>> {
    let (mut parts, mut draw) = (Parts::read(file)?, Draw(seed));
    match draw.below(10) {
        0 | 1 => text(&mut parts, bytes)?,
        2..=5 => header(&mut parts, &mut draw)?,
        6 => data(&mut parts, &mut draw, bytes)?,
        7 => value(&mut parts, &mut draw)?,
        8 => shape(&mut parts, &mut draw)?,
        _ => tensors(&mut parts, &mut draw)?,
    }
    Some(parts.write())
}

/// The header's text, as mere bytes.
fn text(parts: &mut Parts, bytes: Bytes<'_>) -> Option<()> {
    let mut text = std::mem::take(&mut parts.header).into_bytes();
    let most = text.len() + 64;
    bytes(&mut text, most);
    parts.header = String::from_utf8(text).ok()?;
    Some(())
}

/// One value of the header becomes another one, is left out or stands twice.
fn header(parts: &mut Parts, draw: &mut Draw) -> Option<()> {
    let mut header = Value::Object(parts.json()?);
    let mut paths = Vec::new();
    nodes(&header, "", &mut paths);
    // The golden request has most of the values, but not most of the weight.
    let section = draw.of(&["/config", "/schema", "/golden/request", "/golden/answers", ""])?;
    paths.retain(|path| path.starts_with(section));
    let path = draw.of(&paths)?.clone();
    match draw.below(4) {
        0 => {
            let (parent, key) = path.rsplit_once('/')?;
            match header.pointer_mut(parent)? {
                Value::Object(map) => drop(map.remove(key)),
                Value::Array(values) => drop(values.remove(key.parse().ok()?)),
                _ => {}
            }
        }
        1 => {
            let (parent, _) = path.rsplit_once('/')?;
            let copy = header.pointer(&path)?.clone();
            match header.pointer_mut(parent)? {
                Value::Object(map) => drop(map.insert("another".to_owned(), copy)),
                Value::Array(values) => values.push(copy),
                _ => {}
            }
        }
        2 => *header.pointer_mut(&path)? = odd(draw),
        _ => {
            // A value of the same kind, from elsewhere in the file.
            let like = paths.iter().filter(|other| header.pointer(other).map(kind) == header.pointer(&path).map(kind));
            let other = draw.of(&like.collect::<Vec<_>>())?.as_str();
            let other = header.pointer(other)?.clone();
            *header.pointer_mut(&path)? = other;
        }
    }
    let Value::Object(header) = header else { return None };
    parts.set_json(header);
    Some(())
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// Paths of all values below a value.
fn nodes(value: &Value, path: &str, into: &mut Vec<String>) {
    let mut below = |key: &str, value| {
        let path = format!("{path}/{key}");
        into.push(path.clone());
        nodes(value, &path, into);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(values) => values.iter().enumerate().for_each(|(place, value)| below(&place.to_string(), value)),
        _ => {}
    }
}

/// Values at which something may go wrong.
fn odd(draw: &mut Draw) -> Value {
    let whole = [0, 1, 2, 3, 4, 5, 6, 7, 8, 1 << 20, 1 << 24, 1 << 32, 1 << 62, u64::MAX / 2, u64::MAX - 1, u64::MAX];
    let fractions = [-1., 0.5, 1e-40, 1e30, 3e38, 1e39, 1e308, -1e300];
    match draw.below(8) {
        0..=3 => draw.of(&whole).map_or(Value::Null, |&value| json!(value)),
        4 => draw.of(&fractions).map_or(Value::Null, |&value| json!(value)),
        5 => json!(draw.below(2) == 0),
        6 => draw.of(&[json!(null), json!([]), json!({}), json!("")]).cloned().unwrap_or_default(),
        _ => strategy(draw),
    }
}

fn strategy(draw: &mut Draw) -> Value {
    let size = [0, 1, 2, 5, 900, u64::MAX][draw.below(6)];
    match draw.below(5) {
        0 => json!("Greedy"),
        1 => json!("Assignment"),
        2 => json!({ "Beam": { "width": size } }),
        3 => json!({ "Sample": { "seed": draw.next(), "samples": size } }),
        _ => {
            let alpha = [0., 0.3, 1., 1.1, -1e-9][draw.below(5)];
            json!({ "Contrastive": { "alpha": alpha } })
        }
    }
}

/// Some bytes of a tensor.
fn data(parts: &mut Parts, draw: &mut Draw, bytes: Bytes<'_>) -> Option<()> {
    let which = draw.below(parts.tensors.len());
    let data = &mut parts.tensors.get_mut(which)?.data;
    let length = data.len();
    bytes(data, length);
    data.resize(length, 0);
    Some(())
}

/// Some values of a tensor.
fn value(parts: &mut Parts, draw: &mut Draw) -> Option<()> {
    let which = draw.below(parts.tensors.len());
    let data = &mut parts.tensors.get_mut(which)?.data;
    let wild = [0., -0., 1., 1e-45, 1e10, -1e20, 3e38, f32::MIN, f32::NAN, f32::INFINITY][draw.below(10)];
    for _ in 0..=draw.below(4) {
        let place = draw.below(data.len() / 4) * 4;
        data.get_mut(place..place + 4)?.copy_from_slice(&wild.to_le_bytes());
    }
    Some(())
}

/// Another shape, with as many values as it holds if they are few.
fn shape(parts: &mut Parts, draw: &mut Draw) -> Option<()> {
    let which = draw.below(parts.tensors.len());
    let Tensor { shape, data, .. } = parts.tensors.get_mut(which)?;
    match draw.below(4) {
        0 => shape.push(draw.below(3) as u64),
        1 => drop(shape.pop()),
        2 => shape.reverse(),
        _ => {
            let axis = draw.below(shape.len());
            *shape.get_mut(axis)? = [0, 1, 2, 3, 5, 7, 9, 1 << 31, u64::MAX][draw.below(9)];
        }
    }
    let values = shape.iter().try_fold(1_u64, |product, &extent| product.checked_mul(extent));
    if let Some(values) = values.filter(|&values| values < 500) {
        let old = data.clone();
        *data = old.iter().copied().cycle().take(4 * values as usize).collect();
        data.resize(4 * values as usize, 0);
    }
    Some(())
}

/// A tensor goes, changes its name or takes the place of another one.
fn tensors(parts: &mut Parts, draw: &mut Draw) -> Option<()> {
    let (which, other) = (draw.below(parts.tensors.len()), draw.below(parts.tensors.len()));
    match draw.below(4) {
        0 => drop((!parts.tensors.is_empty()).then(|| parts.tensors.swap_remove(which))),
        1 => parts.tensors.get_mut(which)?.name.push('2'),
        2 => parts.tensors.get_mut(which)?.dtype = Value::from(["F64", "I32", "F16", "BF16", "F3"][draw.below(5)]),
        _ => {
            let name = parts.tensors.get(which)?.name.clone();
            let copy = Tensor { name, ..parts.tensors.get(other)?.clone() };
            *parts.tensors.get_mut(which)? = copy;
        }
    }
    Some(())
}
