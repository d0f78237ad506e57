//! The dataset competition: miners publish datasets, validators train on them and pay the better data.
