//! `--partition auto`: which slice this machine is to run, as the platform that started it says.
//!
//! Each platform names a machine by an index and says how many there are. Some count from 0 and some
//! from 1, and two of them do not say how many unless asked: the table below is what is known of each.

use squall::Slice;

/// A platform's variables.
struct Platform {
    name: &'static str,
    index: &'static str,
    total: &'static str,
    /// The index of the first machine.
    first: First,
    /// What to do if the number of machines is missing.
    advice: &'static str,
}

enum First {
    /// This number.
    Is(u64),
    /// What the variable says, in steps that another may say.
    Stands { first: &'static str, last: &'static str, step: &'static str },
}

/// GitHub has no variables of its own for a matrix: the workflow passes `strategy.job-index` and
/// `strategy.job-total`. Kubernetes gives a pod of an Indexed Job its index alone.
const PLATFORMS: [Platform; 4] = [
    Platform {
        name: "GitHub",
        index: "STRATEGY_JOB_INDEX",
        total: "STRATEGY_JOB_TOTAL",
        first: First::Is(0),
        advice: "set it in the workflow's `env:` to ${{ strategy.job-total }}",
    },
    Platform {
        name: "Kubernetes",
        index: "JOB_COMPLETION_INDEX",
        total: "JOB_COMPLETIONS",
        first: First::Is(0),
        advice: "set it in the container's `env:` to the job's `completions`",
    },
    Platform {
        name: "GitLab",
        index: "CI_NODE_INDEX",
        total: "CI_NODE_TOTAL",
        first: First::Is(1),
        advice: "GitLab sets it for a job with `parallel:`",
    },
    Platform {
        name: "Slurm",
        index: "SLURM_ARRAY_TASK_ID",
        total: "SLURM_ARRAY_TASK_COUNT",
        first: First::Stands {
            first: "SLURM_ARRAY_TASK_MIN",
            last: "SLURM_ARRAY_TASK_MAX",
            step: "SLURM_ARRAY_TASK_STEP",
        },
        advice: "Slurm sets it for a job array",
    },
];

/// The variables that were read, for saying what was understood.
struct Reader<'a> {
    read: &'a dyn Fn(&str) -> Option<String>,
    seen: Vec<String>,
}

impl Reader<'_> {
    fn number(&mut self, name: &str) -> Result<Option<u64>, String> {
        let Some(text) = (self.read)(name) else { return Ok(None) };
        let number = text.trim().parse().map_err(|_| format!("{name}={text} is not a number from 0 up"))?;
        self.seen.push(format!("{name}={number}"));
        Ok(Some(number))
    }
}

/// The slice that the variables which `read` knows ask for, and in words what was understood.
pub(crate) fn understood(read: &dyn Fn(&str) -> Option<String>) -> Result<(Slice, String), String> {
    let present: Vec<&Platform> =
        PLATFORMS.iter().filter(|platform| read(platform.index).is_some()).collect();
    match present[..] {
        [] => {
            let known = PLATFORMS.map(|it| format!("{} and {} ({})", it.index, it.total, it.name)).join(", ");
            Err(format!(
                "`--partition auto` finds no variables of a platform: it knows {known}; else say which slice with `--partition slice:M/N`"
            ))
        }
        [platform] => of_platform(platform, read),
        [one, other, ..] => Err(format!(
            "`--partition auto` finds variables of both {} ({}) and {} ({}): say which slice with `--partition slice:M/N`",
            one.name, one.index, other.name, other.index
        )),
    }
}

fn of_platform(
    platform: &Platform,
    read: &dyn Fn(&str) -> Option<String>,
) -> Result<(Slice, String), String> {
    let mut reader = Reader { read, seen: Vec::new() };
    let missing = |name: &str| {
        format!("`--partition auto` needs {name} beside {}: {}", platform.index, platform.advice)
    };
    let index = reader.number(platform.index)?.ok_or_else(|| missing(platform.index))?;
    let total = reader.number(platform.total)?.ok_or_else(|| missing(platform.total))?;
    let (first, step) = match platform.first {
        First::Is(first) => (first, 1),
        First::Stands { first, last, step } => {
            let from = reader.number(first)?.ok_or_else(|| missing(first))?;
            let step = reader.number(step)?.unwrap_or(1).max(1);
            if let Some(last) = reader.number(last)?
                && Some(last)
                    != total.checked_sub(1).and_then(|steps| steps.checked_mul(step)?.checked_add(from))
            {
                return Err(format!(
                    "{}: the array has holes, so no slice can be told from an index: number its tasks without",
                    reader.seen.join(" ")
                ));
            }
            (from, step)
        }
    };
    let wrong = || format!("{}: no task of {} has this index", reader.seen.join(" "), platform.name);
    let steps = index.checked_sub(first).filter(|steps| steps % step == 0).ok_or_else(wrong)? / step;
    let slice = Slice::new(steps + 1, total).map_err(|_| wrong())?;
    Ok((slice, format!("{slice}, of {}'s {}", platform.name, reader.seen.join(" "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understand(variables: &str) -> Result<(Slice, String), String> {
        let known: Vec<_> = variables.split_whitespace().filter_map(|pair| pair.split_once('=')).collect();
        understood(&|name| known.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[track_caller]
    fn check(variables: &str, slice: &str, words: &str) {
        let (found, told) = understand(variables).unwrap();
        assert_eq!((found.to_string().as_str(), told.as_str()), (slice, words));
    }

    #[track_caller]
    fn refused(variables: &str, words: &str) {
        let error = understand(variables).unwrap_err();
        assert!(error.contains(words), "no `{words}` in: {error}");
    }

    #[test]
    fn each_platform_counts_in_its_own_way() {
        check(
            "STRATEGY_JOB_INDEX=0 STRATEGY_JOB_TOTAL=8",
            "slice:1/8",
            "slice:1/8, of GitHub's STRATEGY_JOB_INDEX=0 STRATEGY_JOB_TOTAL=8",
        );
        check(
            "JOB_COMPLETION_INDEX=7 JOB_COMPLETIONS=8",
            "slice:8/8",
            "slice:8/8, of Kubernetes's JOB_COMPLETION_INDEX=7 JOB_COMPLETIONS=8",
        );
        check(
            "CI_NODE_INDEX=8 CI_NODE_TOTAL=8",
            "slice:8/8",
            "slice:8/8, of GitLab's CI_NODE_INDEX=8 CI_NODE_TOTAL=8",
        );
        let slurm = "SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=10";
        let words = "SLURM_ARRAY_TASK_ID=11 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=10";
        check(
            &format!("SLURM_ARRAY_TASK_ID=11 {slurm}"),
            "slice:2/4",
            &format!("slice:2/4, of Slurm's {words}"),
        );
        let (slice, _) = understand(&format!(
            "SLURM_ARRAY_TASK_ID=14 {slurm} SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_MAX=16"
        ))
        .unwrap();
        assert_eq!(slice.to_string(), "slice:3/4");
    }

    #[test]
    fn what_cannot_be_understood_is_not_guessed() {
        refused("", "STRATEGY_JOB_INDEX and STRATEGY_JOB_TOTAL (GitHub)");
        // GitLab sets the total of every job, the index of those with `parallel:` alone.
        refused("CI_NODE_TOTAL=1", "finds no variables");
        refused(
            "JOB_COMPLETION_INDEX=3",
            "needs JOB_COMPLETIONS beside JOB_COMPLETION_INDEX: set it in the container's",
        );
        refused("CI_NODE_INDEX=0 CI_NODE_TOTAL=4", "no task of GitLab has this index");
        refused("STRATEGY_JOB_INDEX=4 STRATEGY_JOB_TOTAL=4", "no task of GitHub has this index");
        refused("STRATEGY_JOB_INDEX=x STRATEGY_JOB_TOTAL=4", "STRATEGY_JOB_INDEX=x is not a number");
        refused("STRATEGY_JOB_INDEX=0 STRATEGY_JOB_TOTAL=4 CI_NODE_INDEX=1 CI_NODE_TOTAL=4", "both GitHub");
        let holes = "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1";
        refused(&format!("{holes} SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_MAX=7"), "the array has holes");
    }
}
