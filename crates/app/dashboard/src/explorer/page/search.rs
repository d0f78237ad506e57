//! What a search found.

use crate::explorer::search::SearchView;
use crate::quantity::{visible, whole};
use maud::{Markup, html};

pub(in crate::explorer) fn search(view: &SearchView) -> Markup {
    html! {
        section class="card narrow" {
            @if view.query.is_empty() {
                h1 { "Search the chain" }
                p class="note" {
                    "A block by its number or hash, an extrinsic by its place (123-4) or hash, an account by its address, \
                     a subnet by its number or name, or a name that an account gave itself."
                }
            } @else if view.hits.is_empty() {
                h1 { "Nothing is called “" (visible(&view.query)) "”" }
                @match view.searched {
                    Some((first, last)) => p class="note" {
                        "No block has this hash, nor has an extrinsic of the blocks " (whole(first)) " to " (whole(last))
                        ". The chain keeps no index of extrinsics: older ones are found by their block."
                    },
                    None => p class="note" { "Look for a block, a hash, an address, a subnet or a name." },
                }
            } @else {
                h1 { "“" (visible(&view.query)) "”" }
                ul class="hits" {
                    @for hit in &view.hits {
                        li {
                            a href=(hit.address) { (visible(&hit.title)) }
                            " " span class="pill off" { (hit.kind.word()) }
                            @if !hit.detail.is_empty() { " " span class="note" { (visible(&hit.detail)) } }
                        }
                    }
                }
            }
        }
    }
}
