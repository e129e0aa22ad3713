//! Whole numbers in as few bytes as they need: seven bits in each, the lowest first (LEB128).

/// The bytes are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the bytes of what is expected here")]
pub struct Malformed;

/// Writes a number.
pub fn put(into: &mut Vec<u8>, number: u64) {
    let mut rest = number;
    loop {
        let low = rest.to_le_bytes()[0] & !MORE;
        rest >>= 7;
        if rest == 0 {
            into.push(low);
            return;
        }
        into.push(low | MORE);
    }
}

/// Takes a number off the front.
///
/// # Errors
/// When there is none, or one that is too large.
pub fn take(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = take_byte(bytes)?;
        let bits = u64::from(byte & !MORE);
        if (bits << shift) >> shift != bits {
            return Err(Malformed);
        }
        number |= bits << shift;
        if byte & MORE == 0 {
            return Ok(number);
        }
    }
    Err(Malformed)
}

/// Takes a byte off the front.
///
/// # Errors
/// When there is none.
pub fn take_byte(bytes: &mut &[u8]) -> Result<u8, Malformed> {
    let (first, rest) = bytes.split_first().ok_or(Malformed)?;
    *bytes = rest;
    Ok(*first)
}

/// Set in every byte but the last.
const MORE: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(numbers: Vec<u64>) {
            let mut bytes = Vec::new();
            numbers.iter().for_each(|number| put(&mut bytes, *number));
            let mut left = bytes.as_slice();
            for number in numbers {
                prop_assert_eq!(take(&mut left), Ok(number));
            }
            prop_assert!(left.is_empty());
        }

        #[test]
        fn other_bytes_are_refused_or_read_and_never_panic(bytes: Vec<u8>) {
            let mut left = bytes.as_slice();
            while take(&mut left).is_ok() {}
        }
    }

    #[test]
    fn small_numbers_take_one_byte_and_what_overflows_is_refused() {
        for (number, length) in [(0, 1), (127, 1), (128, 2), (u64::MAX, 10)] {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            assert_eq!(bytes.len(), length, "{number}");
        }
        assert_eq!(take(&mut [0xff; 9].as_slice()), Err(Malformed), "cut");
        let too_large = [[0xff; 9].as_slice(), &[0x02]].concat();
        assert_eq!(take(&mut too_large.as_slice()), Err(Malformed));
    }
}
