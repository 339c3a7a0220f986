//! Which addresses a webhook may reach. A name is looked up by us, every address of it is checked, and the connection
//! goes to just those addresses: a name cannot be checked under one address and reached under another.

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What the workspace allows beyond the public internet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Allowed {
    pub(super) loopback: bool,
    pub(super) private: bool,
}

/// A host that must not be reached.
#[derive(Debug, thiserror::Error)]
#[error("the webhook's host is at {0}, which is {1}; such addresses are refused unless the connector allows them")]
pub(super) struct Refused(IpAddr, &'static str);

/// Reads the address of a webhook; the error says what to change and never repeats the address.
pub(super) fn parse(text: &str, allowed: Allowed) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("its url cannot be read: {error}"))?;
    let host = url.host_str().ok_or("its url names no host")?;
    match url.scheme() {
        "https" => {}
        "http" if loopback_host(host) && allowed.loopback => {}
        "http" if loopback_host(host) => {
            return Err("its url is http on this machine; set `allow_loopback: true`".to_owned());
        }
        _ => return Err("its url must begin with https://".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its url holds a login; sign with `secret` instead".to_owned());
    }
    // A literal address never passes the resolver.
    if let Ok(ip) = host.trim_start_matches('[').trim_end_matches(']').parse() {
        check(ip, allowed).map_err(|refused| refused.to_string())?;
    }
    Ok(url)
}

/// `localhost` or a loopback address, brackets or not.
pub(crate) fn loopback_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Looks names up and refuses a name with any forbidden address.
pub(super) struct CheckedResolver {
    pub(super) allowed: Allowed,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.allowed;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            for address in &found {
                check(address.ip(), allowed)?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address may be reached.
pub(super) fn check(ip: IpAddr, allowed: Allowed) -> Result<(), Refused> {
    let kind = match ip {
        IpAddr::V4(v4) => kind_v4(v4),
        IpAddr::V6(v6) => kind_v6(v6),
    };
    match kind {
        Kind::Public => Ok(()),
        Kind::Loopback if allowed.loopback => Ok(()),
        Kind::Private if allowed.private => Ok(()),
        Kind::Loopback => Err(Refused(ip, "this machine")),
        Kind::Private => Err(Refused(ip, "in a private network")),
        Kind::Special => Err(Refused(ip, "no address of a single public host")),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Public,
    Loopback,
    Private,
    /// Link-local (where clouds keep their credentials), multicast, reserved, unspecified, documentation.
    Special,
}

fn kind_v4(ip: Ipv4Addr) -> Kind {
    let [a, b, c, _] = ip.octets();
    match (a, b, c) {
        (127, ..) => Kind::Loopback,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Kind::Private,
        (0, ..) | (169, 254, _) | (224.., ..) => Kind::Special,
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => Kind::Special,
        _ => Kind::Public,
    }
}

fn kind_v6(ip: Ipv6Addr) -> Kind {
    let s = ip.segments();
    let embedded = |high: u16, low: u16| kind_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match s {
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Loopback,
        // IPv4 in other clothes: compatible, mapped, translated (NAT64), 6to4.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        [0xfc00..=0xfdff, ..] => Kind::Private,
        [0x2001, 0xdb8 | 0, ..] => Kind::Special,
        [0x2000..=0x3fff, ..] => Kind::Public,
        // Link-local, multicast, site-local and everything not given out.
        _ => Kind::Special,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_hosts_without_permission() {
        let none = Allowed::default();
        for public in [
            "93.184.216.34",
            "8.8.8.8",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "172.15.0.1",
            "100.128.0.1",
        ] {
            assert!(check(public.parse().unwrap(), none).is_ok(), "{public}");
        }
        let refused = [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:7f00:1",
            "::7f00:1",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "0.0.0.0",
            "::",
            "255.255.255.255",
            "224.0.0.1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "198.18.0.1",
            "240.0.0.1",
        ];
        for address in refused {
            assert!(check(address.parse().unwrap(), none).is_err(), "{address}");
        }
    }

    #[test]
    fn permissions_are_narrow() {
        let (loopback, private) =
            (Allowed { loopback: true, private: false }, Allowed { loopback: false, private: true });
        let ok = |ip: &str, allowed| check(ip.parse().unwrap(), allowed).is_ok();
        assert!(ok("127.0.0.1", loopback) && ok("::1", loopback) && ok("::ffff:127.0.0.1", loopback));
        assert!(!ok("10.0.0.1", loopback) && !ok("169.254.169.254", loopback));
        assert!(ok("10.0.0.1", private) && ok("fd12::1", private));
        assert!(!ok("127.0.0.1", private) && !ok("169.254.169.254", private) && !ok("fe80::1", private));
    }

    #[test]
    fn addresses_of_webhooks() {
        let (none, loopback) = (Allowed::default(), Allowed { loopback: true, private: false });
        assert!(parse("https://crm.example.com/hooks/tasks", none).is_ok());
        assert!(parse("http://127.0.0.1:8080/", loopback).is_ok());
        assert!(parse("http://[::1]:8080/", loopback).is_ok());
        let refused = [
            "http://crm.example.com/",
            "http://127.0.0.1/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://u:p@crm.example.com/",
            "ftp://crm.example.com/",
            "crm",
        ];
        for url in refused {
            assert!(parse(url, none).is_err(), "{url}");
        }
        assert!(parse("http://crm.example.com/", loopback).is_err());
        assert!(parse("https://169.254.169.254/", Allowed { loopback: true, private: true }).is_err());
    }
}
