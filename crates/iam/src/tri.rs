//! Yes, no, or it depends on what is not known: the truth values of questions about a whole organization.

/// A truth value of three. They are ordered `No < Maybe < Yes`, so "and" is the least and "or" the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tri {
    No,
    /// It depends on a fact that is not known.
    Maybe,
    Yes,
}

impl Tri {
    #[inline]
    pub fn and(self, other: Tri) -> Tri {
        self.min(other)
    }

    #[inline]
    pub fn or(self, other: Tri) -> Tri {
        self.max(other)
    }

    /// Whether it is certain.
    pub fn is_yes(self) -> bool {
        self == Tri::Yes
    }

    /// Whether it is excluded.
    pub fn is_no(self) -> bool {
        self == Tri::No
    }
}

impl std::ops::Not for Tri {
    type Output = Tri;

    #[inline]
    fn not(self) -> Tri {
        match self {
            Tri::No => Tri::Yes,
            Tri::Maybe => Tri::Maybe,
            Tri::Yes => Tri::No,
        }
    }
}

impl From<bool> for Tri {
    #[inline]
    fn from(value: bool) -> Tri {
        if value { Tri::Yes } else { Tri::No }
    }
}
