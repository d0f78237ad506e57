//! Figures as events have them.

/// Figures of all answers of a batch, under the name of their column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name in events.
    pub name: String,
    /// One figure an answer.
    pub figures: Figures,
}

/// The figures of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Figures {
    /// Numbers; nothing where there is none.
    Numbers(Vec<Option<f64>>),
    /// Texts.
    Texts(Vec<Option<String>>),
}

impl Column {
    /// A column of numbers, of which those that are none are left out.
    pub fn numbers(name: impl Into<String>, figures: impl IntoIterator<Item = f64>) -> Self {
        let finite = |figure: f64| figure.is_finite().then_some(figure);
        Self {
            name: name.into(),
            figures: Figures::Numbers(figures.into_iter().map(finite).collect()),
        }
    }

    /// A column of numbers where some are missing.
    pub fn some_numbers(name: impl Into<String>, figures: impl IntoIterator<Item = Option<f64>>) -> Self {
        let finite = |figure: Option<f64>| figure.filter(|figure| figure.is_finite());
        Self {
            name: name.into(),
            figures: Figures::Numbers(figures.into_iter().map(finite).collect()),
        }
    }

    /// A column of texts.
    pub fn texts(name: impl Into<String>, figures: impl IntoIterator<Item = Option<String>>) -> Self {
        Self {
            name: name.into(),
            figures: Figures::Texts(figures.into_iter().collect()),
        }
    }

    /// The same for everybody who was asked, with nothing for those that did not answer: `places` are the places of the
    /// answers among `asked`.
    #[must_use]
    pub fn spread(&self, places: &[usize], asked: usize) -> Self {
        fn spread<T: Clone>(figures: &[Option<T>], places: &[usize], asked: usize) -> Vec<Option<T>> {
            let mut all = vec![None; asked];
            for (place, figure) in places.iter().zip(figures) {
                if let Some(slot) = all.get_mut(*place) {
                    slot.clone_from(figure);
                }
            }
            all
        }
        Self {
            name: self.name.clone(),
            figures: match &self.figures {
                Figures::Numbers(figures) => Figures::Numbers(spread(figures, places, asked)),
                Figures::Texts(figures) => Figures::Texts(spread(figures, places, asked)),
            },
        }
    }
}
