//! The symbols of the subnets' alpha: a fixed catalogue of letters in which every subnet has one of its own.

use super::{Config, Error, Event, NetUid, Pallet, TokenSymbol};
use frame_support::{dispatch::DispatchResult, ensure};

/// The symbol of root: a capital tau.
const ROOT_SYMBOL: char = '\u{3a4}';

/// What a subnet gets when the catalogue is used up: a mathematical italic tau.
const SPARE_SYMBOL: char = '\u{1d70f}';

/// The first and last code points of the runs of letters, in the order in which the chain hands them out: Greek,
/// Hebrew, Arabic, runes, Ogham, Georgian, Armenian, Cyrillic, Coptic, Brahmi, Sinhala, Glagolitic, Thai, Hangul,
/// Ethiopic, Devanagari, Katakana, Tifinagh, Sinhala again.
const RUNS: [u32; 158] = [
    0x3b1, 0x3c1, 0x3c3, 0x3c9, 0x5d0, 0x5ea, 0x627, 0x628, 0x62a, 0x63a, 0x641, 0x648, 0x64a, 0x64a, 0x649,
    0x649, 0x16a0, 0x16a0, 0x16a2, 0x16a2, 0x16a6, 0x16a6, 0x16a8, 0x16a8, 0x16b1, 0x16b1, 0x16b3, 0x16b3,
    0x42b, 0x42b, 0x16c9, 0x16c9, 0x16d2, 0x16d2, 0x1680, 0x1685, 0x169b, 0x169b, 0x10d0, 0x10d5, 0x531,
    0x536, 0x55e, 0x55e, 0x400, 0x405, 0x44a, 0x44a, 0x2c80, 0x2c85, 0x11000, 0x11003, 0x11005, 0x11005,
    0xdb1, 0xdb6, 0x2c00, 0x2c20, 0xe01, 0xe23, 0xe25, 0xe25, 0xe27, 0xe2e, 0x1100, 0x110d, 0x1161, 0x1175,
    0x12a0, 0x12a7, 0x12c8, 0x12ce, 0x12b0, 0x12b6, 0x1290, 0x1296, 0x905, 0x90b, 0x90f, 0x910, 0x913, 0x928,
    0x92a, 0x930, 0x932, 0x932, 0x935, 0x939, 0x30a2, 0x30a2, 0x30a4, 0x30a4, 0x30a6, 0x30a6, 0x30a8, 0x30a8,
    0x30aa, 0x30ab, 0x30ad, 0x30ad, 0x30af, 0x30af, 0x30b1, 0x30b1, 0x30b3, 0x30b3, 0x30b5, 0x30b5, 0x30b7,
    0x30b7, 0x30b9, 0x30b9, 0x30bb, 0x30bb, 0x30bd, 0x30bd, 0x30bf, 0x30bf, 0x30c1, 0x30c1, 0x30c4, 0x30c4,
    0x30c6, 0x30c6, 0x30c8, 0x30c8, 0x30ca, 0x30cf, 0x30d2, 0x30d2, 0x30d5, 0x30d5, 0x30d8, 0x30d8, 0x30db,
    0x30db, 0x30de, 0x30e2, 0x30e4, 0x30e4, 0x30e6, 0x30e6, 0x30e8, 0x30ed, 0x30ef, 0x30ef, 0x30f2, 0x30f3,
    0x2d30, 0x2d53, 0xd85, 0xd8c, 0xd8f, 0xd96, 0xd9a, 0xda8, 0xdaa, 0xdb0,
];

/// The catalogue from netuid 1 on.
fn catalogue() -> impl Iterator<Item = char> {
    RUNS.chunks_exact(2)
        .filter_map(|run| Some(char::from_u32(*run.first()?)?..=char::from_u32(*run.last()?)?))
        .flatten()
}

fn bytes(symbol: char) -> Vec<u8> {
    symbol.to_string().into_bytes()
}

impl<T: Config> Pallet<T> {
    /// The symbol of the netuid, or the first that nobody has.
    pub(crate) fn free_symbol(netuid: NetUid) -> Vec<u8> {
        let taken: Vec<Vec<u8>> = TokenSymbol::<T>::iter_values().collect();
        let own = usize::from(netuid)
            .checked_sub(1)
            .and_then(|index| catalogue().nth(index));
        own.into_iter()
            .chain(catalogue())
            .map(bytes)
            .find(|symbol| !taken.contains(symbol))
            .unwrap_or_else(|| bytes(SPARE_SYMBOL))
    }

    /// Gives a subnet another symbol of the catalogue. The caller has checked who asks.
    pub(crate) fn do_update_symbol(netuid: NetUid, symbol: Vec<u8>) -> DispatchResult {
        ensure!(
            catalogue()
                .chain([ROOT_SYMBOL])
                .any(|known| bytes(known) == symbol),
            Error::<T>::SymbolDoesNotExist
        );
        ensure!(
            !TokenSymbol::<T>::iter_values().any(|taken| taken == symbol),
            Error::<T>::SymbolAlreadyInUse
        );
        TokenSymbol::<T>::insert(netuid, &symbol);
        Self::deposit_event(Event::SymbolUpdated { netuid, symbol });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::catalogue;
    use std::collections::BTreeSet;

    #[test]
    fn every_netuid_up_to_438_has_a_symbol_of_its_own() {
        let all: Vec<char> = catalogue().collect();
        assert_eq!(all.len(), 438);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 438);
        assert_eq!(&all[..3], ['α', 'β', 'γ']);
        assert_eq!((all[18], all[24]), ('τ', 'א'));
    }
}
