//! `select!`: the first of several futures to finish.

/// Waits for the first of two to five futures and runs its body; the others are dropped.
///
/// Which branch is polled first is drawn at each poll, by the task's own address in a simulation,
/// so that seeds explore both orders and nothing depends on a process-wide counter (tokio's macro
/// does). Patterns must be irrefutable; there are no guards and no `else`.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use squall_io::time::sleep;
/// use std::time::Duration;
/// let first = squall_io::select! {
///     _ = sleep(Duration::from_secs(60)) => "slow",
///     word = async { "fast" } => word,
/// };
/// assert_eq!(first, "fast");
/// # });
/// ```
#[macro_export]
macro_rules! select {
    ($p0:pat = $f0:expr => $b0:expr, $p1:pat = $f1:expr => $b1:expr $(,)?) => {
        $crate::select!(@run Out2 2; (f0 $p0, $f0, $b0, _0) (f1 $p1, $f1, $b1, _1))
    };
    ($p0:pat = $f0:expr => $b0:expr, $p1:pat = $f1:expr => $b1:expr, $p2:pat = $f2:expr => $b2:expr $(,)?) => {
        $crate::select!(@run Out3 3; (f0 $p0, $f0, $b0, _0) (f1 $p1, $f1, $b1, _1) (f2 $p2, $f2, $b2, _2))
    };
    ($p0:pat = $f0:expr => $b0:expr, $p1:pat = $f1:expr => $b1:expr, $p2:pat = $f2:expr => $b2:expr,
     $p3:pat = $f3:expr => $b3:expr $(,)?) => {
        $crate::select!(@run Out4 4; (f0 $p0, $f0, $b0, _0) (f1 $p1, $f1, $b1, _1) (f2 $p2, $f2, $b2, _2)
            (f3 $p3, $f3, $b3, _3))
    };
    ($p0:pat = $f0:expr => $b0:expr, $p1:pat = $f1:expr => $b1:expr, $p2:pat = $f2:expr => $b2:expr,
     $p3:pat = $f3:expr => $b3:expr, $p4:pat = $f4:expr => $b4:expr $(,)?) => {
        $crate::select!(@run Out5 5; (f0 $p0, $f0, $b0, _0) (f1 $p1, $f1, $b1, _1) (f2 $p2, $f2, $b2, _2)
            (f3 $p3, $f3, $b3, _3) (f4 $p4, $f4, $b4, _4))
    };
    (@run $out:ident $count:literal; $(($name:ident $pattern:pat, $future:expr, $body:expr, $variant:ident))+) => {{
        $(let mut $name = ::std::pin::pin!($future);)+
        let finished = ::std::future::poll_fn(|cx| {
            let first: usize = $crate::private::first_branch($count);
            for turn in 0..$count {
                let branch = (first + turn) % $count;
                let mut place = 0_usize;
                $(
                    if branch == place {
                        if let ::std::task::Poll::Ready(value) =
                            ::std::future::Future::poll($name.as_mut(), cx)
                        {
                            return ::std::task::Poll::Ready($crate::private::$out::$variant(value));
                        }
                    }
                    place += 1;
                )+
                let _ = place;
            }
            ::std::task::Poll::Pending
        })
        .await;
        match finished {
            $($crate::private::$out::$variant($pattern) => $body,)+
        }
    }};
}

/// The branch to poll first.
#[inline]
pub fn first_branch(count: u64) -> usize {
    usize::try_from(crate::rand::below(count)).expect("a handful of branches")
}

macro_rules! outputs {
    ($($name:ident<$($variant:ident $type:ident),+>;)+) => {$(
        /// Which branch finished, with its value.
        #[derive(Debug)]
        pub enum $name<$($type),+> {
            $(
                /// The branch at this place.
                $variant($type),
            )+
        }
    )+};
}

outputs! {
    Out2<_0 A, _1 B>;
    Out3<_0 A, _1 B, _2 C>;
    Out4<_0 A, _1 B, _2 C, _3 D>;
    Out5<_0 A, _1 B, _2 C, _3 D, _4 E>;
}
