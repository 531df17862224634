//! Colours: which there are, and what each stands for.
//!
//! Every renderer takes a [`Style`]; none looks at the terminal or the environment, that is the
//! caller's business. Colour never carries a meaning that a word next to it does not.

use anstyle::{AnsiColor, Effects};
use squall_check::Outcome;

/// Whether text carries ANSI colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Style {
    /// None at all: for files, pipes and `NO_COLOR`.
    #[default]
    Plain,
    /// For a terminal.
    Coloured,
}

/// What a piece of text stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// An expectation failed.
    Bad,
    /// The system under test died of it.
    Died,
    /// It did not come to an end.
    Hung,
    /// Neither good nor bad is known.
    Doubtful,
    /// Two runs of one seed differ.
    Differs,
    /// Squall's own fault.
    Ours,
    /// A fault at work.
    Fault,
    /// What to look at.
    Strong,
    /// What may be skipped.
    Quiet,
}

impl Tone {
    /// The colour of an outcome: one for each family of endings.
    pub(crate) const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass => Self::Good,
            Outcome::Fail => Self::Bad,
            Outcome::Unknown => Self::Doubtful,
            Outcome::Panic
            | Outcome::Abort
            | Outcome::StackOverflow
            | Outcome::Signal
            | Outcome::OutOfMemory => Self::Died,
            Outcome::Stuck | Outcome::Timeout | Outcome::EventLimit => Self::Hung,
            Outcome::Nondeterministic => Self::Differs,
            Outcome::HarnessError => Self::Ours,
        }
    }

    /// As ANSI codes.
    pub(crate) const fn ansi(self) -> anstyle::Style {
        match self {
            Self::Good => coloured(AnsiColor::Green).bold(),
            Self::Bad => coloured(AnsiColor::Red).bold(),
            Self::Died => coloured(AnsiColor::BrightRed).bold(),
            Self::Hung => coloured(AnsiColor::Magenta).bold(),
            Self::Doubtful => coloured(AnsiColor::Yellow).bold(),
            Self::Differs => coloured(AnsiColor::Cyan).bold(),
            Self::Ours => coloured(AnsiColor::Red).bold().effects(Effects::INVERT),
            Self::Fault => coloured(AnsiColor::Yellow),
            Self::Strong => anstyle::Style::new().bold(),
            Self::Quiet => anstyle::Style::new().dimmed(),
        }
    }
}

impl Style {
    /// `text` in the colour of `tone`. Padding belongs inside, so that columns stay aligned.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => {
                let ansi = tone.ansi();
                format!("{ansi}{text}{ansi:#}")
            }
        }
    }
}

const fn coloured(colour: AnsiColor) -> anstyle::Style {
    anstyle::Style::new().fg_color(Some(anstyle::Color::Ansi(colour)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_no_codes_and_coloured_text_ends_them() {
        assert_eq!(Style::Plain.paint(Tone::Bad, "FAIL"), "FAIL");
        let coloured = Style::Coloured.paint(Tone::Bad, "FAIL");
        assert!(coloured.starts_with("\u{1b}[") && coloured.ends_with("\u{1b}[0m"), "{coloured:?}");
    }

    #[test]
    fn families_of_endings_differ_in_colour() {
        let tones = [
            Tone::of(Outcome::Pass),
            Tone::of(Outcome::Fail),
            Tone::of(Outcome::Panic),
            Tone::of(Outcome::Stuck),
            Tone::of(Outcome::Unknown),
            Tone::of(Outcome::Nondeterministic),
            Tone::of(Outcome::HarnessError),
        ];
        for (k, one) in tones.iter().enumerate() {
            for other in &tones[..k] {
                assert_ne!(one.ansi(), other.ansi(), "{one:?} looks like {other:?}");
            }
        }
    }
}
