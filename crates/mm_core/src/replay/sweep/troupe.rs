//! Troupe — sets of one kind that play a stretch together, from page to page.
//!
//! The earliest page is turned first, so that all who come to it are there. Of those who stand
//! there with the same orders and choose alike the first plays, and the others follow. Once one has
//! played, those whose orders trade with nobody need not play either: it is enough to look at each
//! order by itself.

use super::album::Album;
use super::album::Decided;
use super::album::Ground;
use super::album::Page;
use super::album::Place;
use super::album::Stander;
use super::album::Standpoint;
use super::album::Way;
use super::halves::Halves;
use super::playback::Playback;
use super::ride::Played;
use super::ride::Rider;
use super::solo::Solo;
use super::solo::Span;
use crate::error::CoreError;
use crate::order::Order;
use crate::replay::drive::Run;

/// A run that rides, and why it stopped if it did.
pub(super) type Member<'a> = (&'a mut Run<Playback>, &'a mut Option<CoreError>);

/// Sets of one kind in one stretch.
#[derive(Debug)]
struct Troupe<'a> {
    riders: Vec<(Rider<'a>, &'a mut Option<CoreError>)>,
    album: Album,
    solo: Solo,
}

/// A way with some orders and a choice.
#[derive(Debug)]
pub(super) struct Road {
    pub(super) feet: [usize; 2],
    /// What was chosen, by number.
    pub(super) choice: u32,
    pub(super) way: Way,
    pub(super) to: Place,
}

/// The ways from some ground, and who goes on.
#[derive(Debug, Default)]
struct Roads {
    decided: Option<Decided>,
    known: Vec<(Road, Vec<Stander>)>,
    halves: Halves,
}

/// Play every step up to and at a time.
pub(super) fn play(members: Vec<Member<'_>>, until: i64) {
    let riders = members.into_iter().map(|(run, error)| (Rider::new(run, until), error));
    let riders: Vec<_> = riders.collect();
    let Some(solo) = riders.first().map(|(rider, _)| rider.solo()) else { return };
    Troupe { riders, album: Album::default(), solo }.play();
}

impl<'a> Troupe<'a> {
    fn play(&mut self) {
        for at in 0..self.riders.len() {
            let to = self.go(at, Rider::walk).flatten();
            self.arrive(at, to);
        }
        while let Some(mut page) = self.album.turn() {
            for (ground, standers) in std::mem::take(&mut page.grounds) {
                self.leave((&ground, &page), &standers);
            }
        }
    }

    /// All who stand on some ground of a page choose, and go on.
    fn leave(&mut self, from: (&Ground, &Page), standers: &[Stander]) {
        let mut roads = Roads::default();
        for stander in standers {
            match self.road(&mut roads, from, *stander) {
                Some(at) => self.follow((from.0, &mut roads.known[at]), stander.rider),
                None => self.lead(from, *stander, &mut roads),
            }
        }
        for (road, standers) in &roads.known {
            self.album.join(road.to, standers);
        }
    }

    /// Which known road one may go.
    fn road(
        &mut self,
        roads: &mut Roads,
        (from, page): (&Ground, &Page),
        stander: Stander,
    ) -> Option<usize> {
        let Self { riders, album, solo } = self;
        let Roads { decided, known, halves } = roads;
        let rider = &mut riders[stander.rider].0;
        let decided = decided.as_ref().filter(|_| rider.is_calm())?;
        let (feet, choice) = (stander.feet, rider.choice(decided, from.now, album.choices())?);
        let is_it = |(road, _): &(Road, _)| road.feet == feet && road.choice == choice;
        let at = match known.iter().position(is_it) {
            Some(at) => at,
            None => {
                let stays = |order: &Order, wanted| rider.stays(order, wanted);
                let stood = [0, 1].map(|i| &page.feet[i][feet[i]]);
                let wanted = album.choices().of(choice);
                let (way, to) = halves.way((feet, stood), wanted, stays, (solo, album))?;
                known.push((Road { feet, choice, way, to }, Vec::new()));
                known.len() - 1
            }
        };
        rider.may_follow(&known[at].0.way).then_some(at)
    }

    fn follow(&mut self, (from, (road, after)): (&Ground, &mut (Road, Vec<Stander>)), at: usize) {
        if self.go(at, |rider| rider.follow(from, &road.way)).is_some() {
            after.push(Stander { rider: at, feet: road.to.feet });
        }
    }

    /// One plays by itself; its road is noted for others.
    fn lead(&mut self, (from, page): (&Ground, &Page), stander: Stander, roads: &mut Roads) {
        let Stander { rider: at, feet: [bid, ask] } = stander;
        let feet = [&page.feet[0][bid], &page.feet[1][ask]];
        let played = self.go(at, |rider| rider.play(from, feet));
        let Some(Played { on, way, to, sent }) = played else { return };
        let Roads { decided, known, halves } = roads;
        *decided = decided.or_else(|| on.map(|on| self.album.decided(from, on)));
        let at_ease = to.as_ref().is_some_and(|to| to.ground.stance.is_at_ease());
        let to = self.arrive(at, to);
        let (Some((choice, way)), Some(to)) = (way, to) else { return };
        let choice = self.album.choices().number(choice);
        let road = Road { feet: stander.feet, choice, way, to };
        if let Some((arrival, market)) = sent.filter(|_| at_ease) {
            if self.riders[at].0.refills(road.way.now - from.now) {
                let span = Span { rows: (from.pos, road.way.pos), arrival, market };
                halves.note(&road, &span, (&mut self.solo, &mut self.album));
            }
        }
        known.push((road, Vec::new()));
    }

    /// One comes to where it stands next.
    fn arrive(&mut self, at: usize, to: Option<Standpoint>) -> Option<Place> {
        let place = to.map(|to| self.album.place(to))?;
        self.album.join(place, &[Stander { rider: at, feet: place.feet }]);
        Some(place)
    }

    /// One goes on; `None` where it stopped for good.
    fn go<T>(
        &mut self,
        at: usize,
        go: impl FnOnce(&mut Rider<'a>) -> Result<T, CoreError>,
    ) -> Option<T> {
        let (rider, error) = &mut self.riders[at];
        go(rider).map_err(|why| **error = Some(why)).ok()
    }
}
