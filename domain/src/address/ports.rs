//! Which ports may be dialled.
//!
//! A request to something that is no web server may still be understood by it, line by line. So the
//! ports of such services are closed, as browsers close them, unless the operator names what is open.

use std::ops::RangeInclusive;

/// The bad ports of the WHATWG Fetch standard (section 2.9, port blocking).
const BAD: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

/// Whether a port may be dialled: one of `open`, or where none is named one that no other service is
/// known to have.
pub(super) fn is_open(open: &[RangeInclusive<u16>], port: u16) -> bool {
    match open {
        [] => BAD.binary_search(&port).is_err(),
        _ => open.iter().any(|ports| ports.contains(&port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bad_ports_are_in_order_and_no_others_are_closed() {
        assert!(BAD.is_sorted());
        let closed = (0..=u16::MAX).filter(|port| !is_open(&[], *port));
        assert!(closed.eq(BAD));
        for port in [80, 443, 3000, 8000, 8080, 8443, 32_768, 65_535] {
            assert!(is_open(&[], port), "{port}");
        }
    }

    #[test]
    fn ports_that_are_named_are_open_whatever_they_are_and_no_others() {
        let open = [443..=443, 6660..=6669];
        for (port, is) in
            [(443, true), (6659, false), (6660, true), (6666, true), (6670, false), (80, false)]
        {
            assert_eq!(is_open(&open, port), is, "{port}");
        }
    }
}
