//! Dates and times, as go-yaml tells them from other texts.

/// A date, or a date and a time, in the form that JSON gets.
pub(super) fn timestamp(text: &str) -> Option<String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits != 4 || text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    let mut rest = text;
    let year = take_number(&mut rest, 4, 4)?;
    rest = rest.strip_prefix('-')?;
    let month = take_number(&mut rest, 1, 2)?;
    rest = rest.strip_prefix('-')?;
    let day = take_number(&mut rest, 1, 2)?;
    let date = format!("{year:04}-{month:02}-{day:02}");
    if !(1..=12).contains(&month) || day < 1 || day > days(year, month) {
        return None;
    }
    if rest.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let zoned = match rest.as_bytes()[0] {
        b'T' | b't' => true,
        b' ' => false,
        _ => return None,
    };
    // The layout with a space takes any number of them.
    rest = if zoned { &rest[1..] } else { rest.trim_start_matches(' ') };
    let hour = take_number(&mut rest, 1, 2)?;
    rest = rest.strip_prefix(':')?;
    let minute = take_number(&mut rest, 1, 2)?;
    rest = rest.strip_prefix(':')?;
    let second = take_number(&mut rest, 1, 2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = match rest.strip_prefix(['.', ',']) {
        Some(after) => {
            let length = after.bytes().take_while(u8::is_ascii_digit).count();
            if length == 0 {
                return None;
            }
            rest = &after[length..];
            after[..length.min(9)].trim_end_matches('0')
        }
        None => "",
    };
    let zone = if zoned { zone(rest)? } else { rest.is_empty().then(|| "Z".to_owned())? };
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}{dot}{fraction}{zone}"))
}

fn zone(text: &str) -> Option<String> {
    if text == "Z" {
        return Some("Z".to_owned());
    }
    let bytes = text.as_bytes();
    let shape = bytes.len() == 6 && matches!(bytes[0], b'+' | b'-') && bytes[3] == b':';
    let digits = shape && [1, 2, 4, 5].iter().all(|at| bytes[*at].is_ascii_digit());
    if !digits {
        return None;
    }
    let (hours, minutes) = (text[1..3].parse::<u32>().ok()?, text[4..6].parse::<u32>().ok()?);
    if hours > 24 || minutes > 60 {
        return None;
    }
    Some(if hours + minutes == 0 { "Z".to_owned() } else { text.to_owned() })
}

fn take_number(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let number = (length >= least).then(|| rest[..length].parse().ok()).flatten();
    *rest = &rest[length..];
    number
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}
