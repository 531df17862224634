//! B4: effects of what is fenced or was never assigned, and the nearest that may be.

use squall_history::vocab::batch::{Cause, Outcome};

use super::story::{Commit, Story, clean, finds, map};

/// A map is run as attempt 10 by worker 1 under lease 1, then something happens, then it commits.
fn commits_after(happens: impl FnOnce(&mut Story)) -> Story {
    let mut story = Story::with_job();
    story.runs(10, map(0), "worker-1", 1);
    happens(&mut story);
    story.committed(Commit::map(10, 0, [3, 1]));
    story
}

#[test]
fn what_is_fenced_does_not_commit() {
    let message = |why: &str| format!("attempt 10 of map 0 of job 1 was committed although {why}");
    let cases: [(Story, &str); 4] = [
        (commits_after(|story| _ = story.dead("worker-1", 1)), "its lease was taken for expired"),
        (commits_after(|story| _ = story.registered("worker-1", 30, 11)), "its worker has lease 30 since"),
        (
            commits_after(|story| _ = story.ended(10, map(0), Cause::Stalled, 0)),
            "the attempt had ended (Stalled)",
        ),
        (commits_after(|story| _ = story.job_ended(1, Outcome::Failed)), "the job had ended (Failed)"),
    ];
    for (story, why) in &cases {
        finds(story, "no-zombie-effect", &[&message(why)]);
    }
}

#[test]
fn what_is_not_fenced_commits() {
    clean(&commits_after(|_| ()), "no-zombie-effect", 2);
    // Other leases and attempts are others.
    clean(&commits_after(|story| _ = story.dead("worker-2", 2)), "no-zombie-effect", 2);
    clean(&commits_after(|story| _ = story.dead("worker-1", 0)), "no-zombie-effect", 2);
    clean(&commits_after(|story| _ = story.registered("worker-2", 30, 22)), "no-zombie-effect", 2);
    clean(&commits_after(|story| _ = story.registered("worker-1", 1, 11)), "no-zombie-effect", 2);
    // It was in time, and the end came later.
    let mut story = commits_after(|_| ());
    story.dead("worker-1", 1).registered("worker-1", 30, 12);
    clean(&story, "no-zombie-effect", 2);
}

#[test]
fn a_fenced_attempt_may_begin_but_not_commit() {
    let mut story = Story::with_job();
    story.assigned(10, map(0), "worker-1", 1).dead("worker-1", 1);
    story.ended(10, map(0), Cause::NodeLost, 0).begins("worker-1", 1, 10, map(0), 1);
    clean(&story, "no-zombie-effect", 1);
    story.committed(Commit::map(10, 0, [3, 1]));
    finds(
        &story,
        "no-zombie-effect",
        &["attempt 10 of map 0 of job 1 was committed although the attempt had ended (NodeLost)"],
    );
}

#[test]
fn an_attempt_begins_as_it_was_assigned() {
    let begins = |story: &mut Story| {
        story.begins("worker-1", 1, 10, map(0), 1);
    };
    let mut never = Story::with_job();
    begins(&mut never);
    finds(
        &never,
        "no-zombie-effect",
        &["worker-1 began attempt 10 of map 0 of job 1, which was never assigned"],
    );
    // Assigned when it had begun: the order came from nobody.
    let mut late = never.clone();
    late.assigned(10, map(0), "worker-1", 1);
    assert_eq!(late.judged().violations.len(), 1);

    let other = [(map(1), "worker-1", 1), (map(0), "worker-2", 1), (map(0), "worker-1", 3)];
    for (task, node, epoch) in other {
        let mut story = Story::with_job();
        story.assigned(10, task, node, epoch);
        begins(&mut story);
        let message = format!(
            "worker-1 began attempt 10 as map 0 of job 1 under lease 1, but it was assigned as map {} of job 1 \
             to {node} under lease {epoch}",
            task.number
        );
        finds(&story, "no-zombie-effect", &[&message]);
    }
    let mut story = Story::with_job();
    story.assigned(10, map(0), "worker-1", 1);
    begins(&mut story);
    clean(&story, "no-zombie-effect", 1);
}

#[test]
fn an_attempt_commits_as_it_was_assigned() {
    let mut never = Story::with_job();
    never.committed(Commit::map(10, 0, [3, 1]));
    finds(
        &never,
        "no-zombie-effect",
        &["worker-1 committed attempt 10 of map 0 of job 1, which was never assigned"],
    );
    let mut other = Story::with_job();
    other.assigned(10, map(0), "worker-2", 2).committed(Commit::map(10, 0, [3, 1]));
    finds(
        &other,
        "no-zombie-effect",
        &[
            "worker-1 committed attempt 10 as map 0 of job 1 under lease 1, but it was assigned as map 0 of job 1 \
           to worker-2 under lease 2",
        ],
    );
}

#[test]
fn two_incarnations_do_not_begin_one_attempt() {
    let again = |boot: u32| {
        let mut story = Story::with_job();
        story.runs(10, map(0), "worker-1", 1).starts("worker-1", 2).begins("worker-1", boot, 10, map(0), 1);
        story
    };
    finds(
        &again(2),
        "no-zombie-effect",
        &["worker-1 began attempt 10 of map 0 of job 1 again, in another incarnation"],
    );
    clean(&again(1), "no-zombie-effect", 2);
}

#[test]
fn an_attempt_of_an_earlier_incarnation_does_not_commit_under_a_lease_that_was_kept() {
    // The lease is the same; only the engine's boots tell the two incarnations apart.
    let comes_back = commits_after(|story| {
        story.starts("worker-1", 2).registered("worker-1", 1, 12);
    });
    finds(
        &comes_back,
        "no-zombie-effect",
        &["attempt 10 of map 0 of job 1 was committed although an earlier incarnation of worker-1 than the \
           registered one began it"],
    );
    // It came back, but is not registered yet: what it did before still counts.
    clean(&commits_after(|story| _ = story.starts("worker-1", 2)), "no-zombie-effect", 2);
    // Its first registration is told again: that is no new one.
    let repeated = commits_after(|story| {
        story.starts("worker-1", 2).registered("worker-1", 1, 11);
    });
    clean(&repeated, "no-zombie-effect", 2);
}

#[test]
fn boots_of_different_workers_are_not_compared() {
    let mut story = Story::with_job();
    story.starts("worker-1", 2).registered("worker-1", 3, 12).assigned(10, map(0), "worker-1", 3);
    story.begins("worker-1", 2, 10, map(0), 3).begins("worker-2", 1, 10, map(0), 3);
    story.committed(Commit::map(10, 0, [3, 1]).by("worker-1", 3));
    // The one thing that is wrong is who began it.
    finds(
        &story,
        "no-zombie-effect",
        &[
            "worker-2 began attempt 10 as map 0 of job 1 under lease 3, but it was assigned as map 0 of job 1 to \
           worker-1 under lease 3",
        ],
    );
}
