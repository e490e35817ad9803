//! Which addresses are public: reachable by everybody, and therefore nobody's secret.
//!
//! Whoever may enter an endpoint's URL could otherwise make this server talk to machines that only
//! it can reach: databases, consoles, and the cloud's own service that hands out credentials.
//!
//! The tables follow the IANA registries of special-purpose addresses. IPv6 is refused by default:
//! only what is global unicast today is let through, less the exceptions within.
//!
//! What this module must not do: resolve names, or know a setting.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are not public: first address and length of the prefix in bits.
const NOT_PUBLIC_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::UNSPECIFIED, 8),            // this network, unspecified
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // shared by carriers (CGNAT)
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // Azure's own service, though it looks public
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local; credentials of most clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays, no longer in use
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, broadcast
];

/// What of IPv6 is in public use.
const GLOBAL_UNICAST_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Networks within the global unicast ones that are not public.
const NOT_PUBLIC_V6: &[(Ipv6Addr, u32)] = &[
    // Protocol assignments: Teredo (with an IPv4 address inside), benchmarking, ORCHID and others.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),     // 6to4, with an IPv4 address inside
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),     // documentation
];

/// The well-known prefix by which IPv6-only networks reach IPv4 (NAT64, RFC 6052). The one for
/// local use, `64:ff9b:1::/48`, is not public.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether an address is reachable for everybody. One that stands for an IPv4 address (mapped, or
/// by NAT64) is what that one is; other ways to hide one (compatible, 6to4, Teredo) are refused.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC_V4.iter().any(|(network, bits)| {
        let mask = u32::MAX.checked_shl(32_u32.saturating_sub(*bits)).unwrap_or(0);
        address.to_bits() & mask == network.to_bits()
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    if is_within(address, NAT64) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    is_within(address, GLOBAL_UNICAST_V6)
        && !NOT_PUBLIC_V6.iter().any(|network| is_within(address, *network))
}

fn is_within(address: Ipv6Addr, (network, bits): (Ipv6Addr, u32)) -> bool {
    let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0);
    address.to_bits() & mask == network.to_bits()
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use proptest::prelude::*;

    use super::*;

    /// The ranges that must be refused, written out by their ends and not by the tables above.
    const REFUSED_V4: &[(&str, &str)] = &[
        ("0.0.0.0", "0.255.255.255"),
        ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("168.63.129.16", "168.63.129.16"),
        ("169.254.0.0", "169.254.255.255"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.255"),
        ("192.0.2.0", "192.0.2.255"),
        ("192.88.99.0", "192.88.99.255"),
        ("192.168.0.0", "192.168.255.255"),
        ("198.18.0.0", "198.19.255.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"),
        ("224.0.0.0", "239.255.255.255"),
        ("240.0.0.0", "255.255.255.255"),
    ];
    const REFUSED_V6: &[(&str, &str)] = &[
        ("::", "::fffe:ffff:ffff"), // unspecified, loopback, compatible
        ("::1:0:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("64:ff9b::1:0:0", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), // local NAT64, discard
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
        ("100::", "100::ffff:ffff:ffff:ffff"),
        ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"), // Teredo, ORCHID …
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), // SRv6 and what nobody has
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), // unique local
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), // link-local
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), // site-local
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), // multicast
    ];
    const PUBLIC: &[&str] = &[
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::",
        "2606:4700::1111",
        "2a00:1450:4001::1",
        "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ];

    fn bits_v4((first, last): &(&str, &str)) -> RangeInclusive<u32> {
        let bits = |text: &str| text.parse::<Ipv4Addr>().unwrap().to_bits();
        bits(first)..=bits(last)
    }

    fn bits_v6((first, last): &(&str, &str)) -> RangeInclusive<u128> {
        let bits = |text: &str| text.parse::<Ipv6Addr>().unwrap().to_bits();
        bits(first)..=bits(last)
    }

    /// The addresses in which an IPv4 address may hide.
    fn disguises(address: Ipv4Addr) -> Vec<Ipv6Addr> {
        let low = u128::from(address.to_bits());
        let (net, local) = (0x64_ff9b_u128 << 96, 0x64_ff9b_0001_u128 << 80);
        vec![
            address.to_ipv6_mapped(),
            Ipv6Addr::from_bits(low),
            Ipv6Addr::from_bits(net | low),
            Ipv6Addr::from_bits(local | low),
            Ipv6Addr::from_bits((0x2002 << 112) | (low << 80)),
            Ipv6Addr::from_bits((0x2001 << 112) | (!low & 0xffff_ffff)),
            Ipv6Addr::from_bits((0x2001 << 112) | (low << 64)),
        ]
    }

    #[test]
    fn a_05_what_everybody_can_reach_is_public() {
        for text in PUBLIC {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_05_the_ends_of_every_range_are_refused() {
        for (first, last) in REFUSED_V4.iter().chain(REFUSED_V6) {
            for text in [first, last] {
                assert!(!is_public(text.parse().unwrap()), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_05_an_ipv4_address_is_public_only_outside_of_every_range(bits: u32) {
            let refused = REFUSED_V4.iter().any(|range| bits_v4(range).contains(&bits));
            prop_assert_eq!(is_public(Ipv4Addr::from_bits(bits).into()), !refused);
        }

        #[test]
        fn a_05_nothing_within_a_range_is_public(which in 0..REFUSED_V4.len(), at: u32) {
            let range = bits_v4(&REFUSED_V4[which]);
            let bits = range.start() + at % (range.end() - range.start() + 1);
            let address = Ipv4Addr::from_bits(bits);
            prop_assert!(!is_public(address.into()), "{}", address);
            for disguise in disguises(address) {
                prop_assert!(!is_public(disguise.into()), "{} as {}", address, disguise);
            }
        }

        #[test]
        fn a_05_nothing_within_a_range_of_ipv6_is_public(
            which in 0..REFUSED_V6.len(),
            at: u128,
        ) {
            let range = bits_v6(&REFUSED_V6[which]);
            let bits = range.start() + at % (range.end() - range.start() + 1);
            prop_assert!(!is_public(Ipv6Addr::from_bits(bits).into()), "{:x}", bits);
        }

        #[test]
        fn a_05_what_stands_for_an_ipv4_address_is_public_only_if_that_is(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            for disguise in disguises(address) {
                let public = is_public(disguise.into());
                prop_assert!(!public || is_public(address.into()), "{}", disguise);
            }
            let mapped = IpAddr::V6(address.to_ipv6_mapped());
            prop_assert_eq!(is_public(mapped), is_public(address.into()));
        }

        #[test]
        fn a_05_the_standard_library_never_calls_public_what_is_not(bits: u32, wide: u128) {
            let v4 = Ipv4Addr::from_bits(bits);
            let odd = v4.is_private() || v4.is_loopback() || v4.is_link_local()
                || v4.is_multicast() || v4.is_broadcast() || v4.is_documentation()
                || v4.is_unspecified();
            prop_assert!(!(odd && is_public(v4.into())), "{}", v4);
            let v6 = Ipv6Addr::from_bits(wide);
            let odd = v6.is_loopback() || v6.is_multicast() || v6.is_unique_local()
                || v6.is_unicast_link_local() || v6.is_unspecified();
            prop_assert!(!(odd && is_public(v6.into())), "{}", v6);
        }
    }
}
