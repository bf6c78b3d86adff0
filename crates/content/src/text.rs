//! A text for people in the three languages of Haechi.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The languages that people read. Machines read none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    En,
    Ko,
    Ja,
}

impl Language {
    pub const ALL: [Language; 3] = [Language::En, Language::Ko, Language::Ja];

    pub const fn as_str(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Ko => "ko",
            Language::Ja => "ja",
        }
    }
}

impl FromStr for Language {
    type Err = String;

    /// Reads a language tag or a POSIX locale: `ko`, `ko-KR`, `ja_JP.UTF-8`; `C` and `POSIX` are English.
    fn from_str(text: &str) -> Result<Self, String> {
        let word = text.split(['-', '_', '.', '@']).next().unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "en" | "c" | "posix" => Ok(Language::En),
            "ko" => Ok(Language::Ko),
            "ja" => Ok(Language::Ja),
            _ => Err(format!("`{text}` is not a language that Haechi speaks: en, ko or ja")),
        }
    }
}

/// English always; Korean and Japanese where they have been written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub en: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ko: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ja: String,
}

impl Text {
    /// The text in a language, or in English where that one is missing.
    pub fn get(&self, language: Language) -> &str {
        let wanted = self.own(language);
        if wanted.is_empty() { &self.en } else { wanted }
    }

    /// What is written in a language, empty where nothing is.
    pub fn own(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Ko => &self.ko,
            Language::Ja => &self.ja,
        }
    }

    /// True when all three languages are written.
    pub fn is_complete(&self) -> bool {
        ![&self.en, &self.ko, &self.ja].iter().any(|text| text.trim().is_empty())
    }
}
