//! Efficacy of `bandwidth`, of a rule and of a profile: a queue of finite length before a narrow link.

use squall_history::{Bandwidth, NetworkProfile};
use squall_io::net::UdpSocket;
use squall_sim::Rule;

use super::stage::{ms, pass, say, steady};
use super::traffic::{Came, THERE, Volley, pair, stream, volley};

/// Half of what the volley below needs.
const NARROW: Bandwidth = Bandwidth { bytes_per_second: 514_000, queue_bytes: 20_560 };
/// With its headers, 1,028 bytes each millisecond.
const VOLLEY: Volley = Volley { count: 2_000, bytes: 1_000, gap_ms: 1 };

fn in_order(came: &[Came]) -> bool {
    came.is_sorted_by_key(|came| came.number)
}

#[test]
fn a_narrow_link_drops_the_datagrams_that_find_no_room() {
    let (came, effects) =
        volley(pair(), VOLLEY, |stage| Some(stage.rule("fault", Rule::Bandwidth(NARROW), &[THERE])));
    let (dropped, delayed) = (effects.get("packets-dropped"), effects.get("packets-delayed"));
    assert_eq!((dropped + delayed, came.len() as u64), (2_000, delayed));
    // Half, and what the queue took at the beginning.
    assert!(delayed.abs_diff(1_020) < 15, "{delayed}");
    // A full queue takes 40 ms, the link 1 ms.
    let slowest = came.iter().map(|came| came.took_us).max().unwrap();
    assert!((39_000..=41_100).contains(&slowest) && in_order(&came), "{slowest}");
    let (came, _) = volley(pair(), VOLLEY, |_| None);
    assert!(came.len() == 2_000 && came.iter().all(|came| came.took_us == 1_000));
}

#[test]
fn a_profile_has_a_bandwidth_too() {
    let network = NetworkProfile { bandwidth: Some(NARROW), ..steady(1) };
    let (came, _) = volley(pair().network(network), VOLLEY, |_| None);
    assert!(came.len().abs_diff(1_020) < 15 && in_order(&came), "{}", came.len());
    let (streamed, _) = stream(pair().network(network), 514_000, |_| None);
    assert!((1_000..1_200).contains(&streamed.took_ms), "{streamed:?}");
}

#[test]
fn a_narrow_link_slows_a_stream_to_its_speed_and_never_hangs_it() {
    let slow = Rule::Bandwidth(Bandwidth { bytes_per_second: 100_000, queue_bytes: 3_000 });
    let (streamed, effects) = stream(pair(), 500_000, |stage| Some(stage.rule("fault", slow, &[THERE])));
    // 5 s and 3 % of headers.
    assert!((5_000..5_500).contains(&streamed.took_ms), "{streamed:?}");
    // What got through is there before the rest: no window's length of silence (0.65 s).
    assert!(streamed.silence_ms < 100, "{streamed:?}");
    assert_eq!((streamed.flipped, streamed.bytes), (0, 500_000));
    assert!(effects.get("packets-delayed") > 0 && effects.get("packets-dropped") == 0, "{effects:?}");
    let (streamed, _) = stream(pair(), 500_000, |_| None);
    assert!(streamed.took_ms < 100, "{streamed:?}");
}

#[test]
fn when_a_bandwidth_ends_its_queue_is_gone() {
    let crawl = Rule::Bandwidth(Bandwidth { bytes_per_second: 1_000, queue_bytes: 10_000 });
    let (streamed, _) = stream(pair(), 300_000, |stage| {
        let rule = stage.rule("fault", crawl, &[THERE]);
        stage.run(5_000);
        stage.remove_rule(rule);
        None
    });
    // What waited would have taken a minute.
    assert!((4_900..5_200).contains(&streamed.took_ms), "{streamed:?}");
    assert_eq!((streamed.flipped, streamed.bytes), (0, 300_000));
}

#[test]
fn an_empty_queue_takes_a_packet_of_any_size() {
    let mut stage = pair().begin();
    stage.start("b-1", async {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        loop {
            let (count, _) = socket.recv_from(&mut [0; 2_000]).await?;
            say(count);
        }
    });
    stage.start("a-1", async {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        for _ in 0..3 {
            socket.send_to(&[0; 1_000], ("b-1", 9)).await?;
            // One finds the first still under way.
            socket.send_to(&[0; 500], ("b-1", 9)).await?;
            squall_io::time::sleep(ms(2_000)).await;
        }
        pass(1).await;
        Ok(())
    });
    stage.rule("fault", Rule::Bandwidth(Bandwidth { bytes_per_second: 1_000, queue_bytes: 10 }), &[THERE]);
    stage.run(20_000);
    assert_eq!(stage.said("b-1"), ["1000"; 3]);
}
