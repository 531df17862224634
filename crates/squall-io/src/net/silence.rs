//! What ends a stream whose other side is silent: keep-alive probes and the user time-out (tcp(7)).
//!
//! Without them a stream that only reads never learns that the other machine is gone, and one that
//! writes learns it after a quarter of an hour, when the system has sent it fifteen times again.

use std::io;
use std::time::Duration;

use super::TcpStream;
use super::stream::Stream;

/// When a silent stream is probed, and when it is given up. Whole seconds: what is between is rounded
/// up, and no part is shorter than one, since Linux knows no less.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keepalive {
    /// The first probe, after so long without a word.
    pub idle: Duration,
    /// Between probes.
    pub interval: Duration,
    /// Probes without an answer, from 1 to 127, before the stream ends with `TimedOut`.
    pub probes: u32,
}

impl Default for Keepalive {
    /// Linux's: two hours, 75 seconds, nine probes.
    fn default() -> Self {
        Self { idle: Duration::from_hours(2), interval: Duration::from_secs(75), probes: 9 }
    }
}

impl Keepalive {
    fn rounded(self) -> Self {
        let whole = |span: Duration| {
            let secs = span.as_secs() + u64::from(span.subsec_nanos() > 0);
            // The kernel takes at most 32,767.
            Duration::from_secs(secs.clamp(1, 32_767))
        };
        Self { idle: whole(self.idle), interval: whole(self.interval), probes: self.probes.clamp(1, 127) }
    }
}

impl TcpStream {
    /// Probes the other side when it is silent, or no longer does. Off by default.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn set_keepalive(&self, keepalive: Option<Keepalive>) -> io::Result<()> {
        let keepalive = keepalive.map(Keepalive::rounded);
        match &self.0 {
            #[cfg(feature = "sim")]
            Stream::Sim(stream) => {
                let simulated = keepalive.map(|keepalive| squall_sim::net::Keepalive {
                    idle: keepalive.idle.into(),
                    interval: keepalive.interval.into(),
                    probes: keepalive.probes,
                });
                stream.set_keepalive(simulated)
            }
            // These know no such option: a silent stream stays as it is.
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Stream::Turmoil(_) => Ok(()),
            #[cfg(all(feature = "sim", madsim))]
            Stream::Madsim(_) => Ok(()),
            Stream::Tokio(stream) => {
                let socket = socket2::SockRef::from(stream);
                let Some(Keepalive { idle, interval, probes }) = keepalive else {
                    return socket.set_keepalive(false);
                };
                let parameters = socket2::TcpKeepalive::new().with_time(idle).with_interval(interval);
                socket.set_tcp_keepalive(&parameters.with_retries(probes))
            }
        }
    }

    /// Ends the stream with `TimedOut` if what was written is not acknowledged for so long, however often
    /// the system would send it again. Whole milliseconds, rounded up; nothing, or zero: the system's own
    /// patience, about a quarter of an hour.
    ///
    /// # Errors
    /// If the connection is gone; `Unsupported` where the operating system has no such option.
    pub fn set_user_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.filter(|timeout| !timeout.is_zero()).map(|timeout| {
            let millis = timeout.as_nanos().div_ceil(1_000_000).min(u128::from(u32::MAX >> 1));
            Duration::from_millis(u64::try_from(millis).expect("just bounded"))
        });
        match &self.0 {
            #[cfg(feature = "sim")]
            Stream::Sim(stream) => stream.set_user_timeout(timeout.map(Into::into)),
            #[cfg(target_os = "linux")]
            #[cfg(all(feature = "turmoil", not(madsim)))]
            Stream::Turmoil(_) => Ok(()),
            #[cfg(all(feature = "sim", madsim))]
            Stream::Madsim(_) => Ok(()),
            Stream::Tokio(stream) => socket2::SockRef::from(stream).set_tcp_user_timeout(timeout),
            #[cfg(not(target_os = "linux"))]
            Stream::Tokio(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::TcpListener;

    #[test]
    fn the_operating_system_gets_what_it_can_take() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let odd =
                Keepalive { idle: Duration::from_millis(2_500), interval: Duration::ZERO, probes: 1_000 };
            stream.set_keepalive(Some(odd)).unwrap();
            stream.set_user_timeout(Some(Duration::from_micros(1_500))).unwrap();
            let Stream::Tokio(inner) = &stream.0 else { panic!("not on tokio") };
            let socket = socket2::SockRef::from(inner);
            let told = (socket.keepalive().unwrap(), socket.tcp_keepalive_time().unwrap());
            assert_eq!(told, (true, Duration::from_secs(3)));
            let told = (socket.tcp_keepalive_interval().unwrap(), socket.tcp_keepalive_retries().unwrap());
            assert_eq!(told, (Duration::from_secs(1), 127));
            #[cfg(target_os = "linux")]
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_millis(2)));
            stream.set_keepalive(None).unwrap();
            stream.set_user_timeout(None).unwrap();
            assert!(!socket.keepalive().unwrap());
            #[cfg(target_os = "linux")]
            assert_eq!(socket.tcp_user_timeout().unwrap(), None);
        });
    }
}
