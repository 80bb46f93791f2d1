//! Words — parameters that are one of a few words, each an enum.

use crate::strategy::table::Field;
use crate::strategy::Value;
use serde::Deserialize;
use serde::Serialize;

/// An enum whose variants are the words of a parameter, in the same order.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// The words, in the order of the variants.
            pub(super) const WORDS: [&'static str; [$($word),*].len()] = [$($word),*];
            const ALL: [Self; Self::WORDS.len()] = [$(Self::$variant),*];
        }

        impl Field for $name {
            fn of(value: Value) -> Self {
                let at = Self::WORDS.iter().position(|word| value == Value::Choice(word));
                Self::ALL[at.expect("invariant: the table checked the word")]
            }

            fn value(&self) -> Value {
                Value::Choice(Self::WORDS[*self as usize])
            }
        }
    };
}

words!(
    /// Which formula makes the spread and the skew.
    Mode {
        /// Basis points and a share of the spread.
        Bps = "bps",
        /// Guéant–Lehalle–Fernandez-Tapia.
        Glft = "glft",
        /// Avellaneda–Stoikov, finite horizon.
        As = "as",
        /// A fixed distance in price steps, as benchmarks use it.
        Fixed = "fixed",
    }
);

words!(
    /// How much of the strategy is on.
    StrategyKind {
        /// Spread, bias and toxicity.
        Basic = "basic",
        /// Volatility regime, fill rate, inventory age, sizer and tuner too.
        Adaptive = "adaptive",
    }
);

words!(
    /// Whether a part of the strategy is on.
    Toggle {
        /// As the strategy says.
        Auto = "auto",
        /// On, whatever the strategy.
        On = "on",
        /// Off, whatever the strategy.
        Off = "off",
    }
);

words!(
    /// Where A and k of the fill intensity come from.
    IntensitySource {
        /// From trades of the last half hour; while they do not tell, the mode is bps.
        Auto = "auto",
        /// From probes that rest at set distances in replay, queue included; else as auto.
        Probes = "probes",
        /// As `intensity_a` and `intensity_k` say.
        Given = "given",
    }
);

impl Toggle {
    /// Whether it is on in this strategy.
    #[must_use]
    pub fn is_on(self, strategy: StrategyKind) -> bool {
        match self {
            Self::Auto => strategy == StrategyKind::Adaptive,
            Self::On => true,
            Self::Off => false,
        }
    }
}
