//! Linking: which user the proofs of one request mean.
//!
//! A request proves one or two ids. Each is known (some user holds it) or unknown. Neither known: a new user. One known:
//! the other is attached to its user. Both known, of one user: nothing to do. Both known, of different users: those
//! users are one person and are to be merged into the one who holds the strongest id (the older one when equal), unless
//! the merged user would hold two values of a key that has only one: that is a conflict.
//!
//! Strength: unionid > phone > openid. A device proves nobody: people share devices, so it only remembers who was first.
//!
//! Because a link only ever joins, and what joins never depends on which of two proofs came first, the same set of links
//! leads to the same people in any order, as long as none of them conflicts; a property test holds this.

use std::collections::BTreeMap;

use crate::identity::model::{ConflictReason, Proof, Provider};
use crate::kernel::id::UserId;

/// A user together with every proof they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Who.
    pub user: UserId,
    /// What they hold.
    pub holds: Vec<Proof>,
}

/// One proof of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// Nobody holds it yet.
    Unknown(Proof),
    /// Somebody does.
    Known(Proof, Owner),
}

/// What the proofs of a request lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A new user who holds these proofs.
    Create(Vec<Proof>),
    /// That user; there is nothing to write.
    Keep(UserId),
    /// That user, who from now on holds this proof too.
    Attach(UserId, Proof),
    /// Two users are one person: the second becomes part of the first. `over` is the proof that brought it to light.
    Merge {
        /// The user with the stronger id.
        into: UserId,
        /// The user that becomes part of it.
        from: UserId,
        /// The proof of the second user.
        over: Proof,
    },
    /// Nothing may be joined: the result would hold two values of a key that has one. The request goes on as `kept`.
    Conflict {
        /// The user with the stronger id.
        kept: UserId,
        /// The other user, when the proof is somebody's.
        other: Option<UserId>,
        /// The proof that could not be attached.
        over: Proof,
    },
}

impl Decision {
    /// The user that the request goes on as; `None` when one has yet to be created.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Create(_) => None,
            Self::Keep(user) | Self::Attach(user, _) => Some(*user),
            Self::Merge { into: user, .. } | Self::Conflict { kept: user, .. } => Some(*user),
        }
    }

    /// Why staff have to look at it, when they have to: at a conflict always, at a merge only when something stands in
    /// its way that they said or have to say.
    pub const fn for_staff(&self) -> Option<ConflictReason> {
        match self {
            Self::Merge { .. } => Some(ConflictReason::MergeWaiting),
            Self::Conflict { .. } => Some(ConflictReason::TwoValues),
            Self::Create(_) | Self::Keep(_) | Self::Attach(..) => None,
        }
    }
}

/// How much a provider's word weighs when two users are one person.
pub const fn strength(provider: Provider) -> u8 {
    match provider {
        Provider::WechatUnionid => 3,
        Provider::Phone => 2,
        Provider::WechatMini
        | Provider::WechatService
        | Provider::WechatApp
        | Provider::WechatWeb
        | Provider::AlipayMini
        | Provider::DouyinMini
        | Provider::BaiduMini
        | Provider::QqMini => 1,
    }
}

/// Decides what a request that proves `first`, and perhaps `second`, leads to.
pub fn link(first: &Side, second: Option<&Side>) -> Decision {
    match (first, second) {
        (Side::Unknown(proof), None) => Decision::Create(vec![proof.clone()]),
        (Side::Known(_, owner), None) => Decision::Keep(owner.user),
        // A request that names one key twice is believed the first time only.
        (Side::Unknown(one), Some(Side::Unknown(other))) if same_key(one, other) => Decision::Create(vec![one.clone()]),
        (Side::Unknown(one), Some(Side::Unknown(other))) => Decision::Create(vec![one.clone(), other.clone()]),
        (Side::Known(_, owner), Some(Side::Unknown(proof))) | (Side::Unknown(proof), Some(Side::Known(_, owner))) => {
            attach(owner, proof)
        }
        (Side::Known(_, one), Some(Side::Known(_, other))) if one.user == other.user => Decision::Keep(one.user),
        (Side::Known(one_proof, one), Some(Side::Known(other_proof, other))) => {
            if outranks(one, other) {
                join(one, other, other_proof)
            } else {
                join(other, one, one_proof)
            }
        }
    }
}

/// Whether one user could not hold what both hold.
pub fn would_clash(one: &Owner, other: &Owner) -> bool {
    clash(one.holds.iter().chain(&other.holds))
}

fn attach(owner: &Owner, proof: &Proof) -> Decision {
    if clash(owner.holds.iter().chain([proof])) {
        Decision::Conflict { kept: owner.user, other: None, over: proof.clone() }
    } else {
        Decision::Attach(owner.user, proof.clone())
    }
}

fn join(kept: &Owner, other: &Owner, over: &Proof) -> Decision {
    if clash(kept.holds.iter().chain(&other.holds)) {
        Decision::Conflict { kept: kept.user, other: Some(other.user), over: over.clone() }
    } else {
        Decision::Merge { into: kept.user, from: other.user, over: over.clone() }
    }
}

/// Whether `one` holds a stronger id than `other`, or an equally strong one and is older. Ids rise with time.
fn outranks(one: &Owner, other: &Owner) -> bool {
    let strongest = |owner: &Owner| owner.holds.iter().map(|proof| strength(proof.provider)).max().unwrap_or_default();
    (strongest(one), other.user) > (strongest(other), one.user)
}

fn same_key(one: &Proof, other: &Proof) -> bool {
    (one.provider, &one.app_id) == (other.provider, &other.app_id)
}

/// Whether two of these proofs are different values of one key.
fn clash<'a>(proofs: impl Iterator<Item = &'a Proof>) -> bool {
    let mut values = BTreeMap::new();
    for proof in proofs {
        let held = values.insert((proof.provider, proof.app_id.as_str()), proof.subject.as_str());
        if held.is_some_and(|subject| subject != proof.subject) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn proof(provider: Provider, app_id: &str, subject: &str) -> Proof {
        Proof { provider, app_id: app_id.to_owned(), subject: subject.to_owned() }
    }

    fn openid(subject: &str) -> Proof {
        proof(Provider::WechatMini, "wx1", subject)
    }

    fn unionid(subject: &str) -> Proof {
        proof(Provider::WechatUnionid, "", subject)
    }

    fn phone(subject: &str) -> Proof {
        proof(Provider::Phone, "", subject)
    }

    fn known(user: i64, by: &Proof, holds: &[Proof]) -> Side {
        Side::Known(by.clone(), Owner { user: UserId::new(user), holds: holds.to_vec() })
    }

    #[test]
    fn proofs_that_nobody_holds_make_one_user() {
        let decision = link(&Side::Unknown(openid("a")), Some(&Side::Unknown(unionid("u"))));
        assert_eq!(decision, Decision::Create(vec![openid("a"), unionid("u")]));
        assert_eq!(decision.user(), None);
    }

    #[test]
    fn an_unknown_proof_is_attached_to_the_user_of_the_known_one() {
        let decision = link(&known(1, &openid("a"), &[openid("a")]), Some(&Side::Unknown(unionid("u"))));
        assert_eq!(decision, Decision::Attach(UserId::new(1), unionid("u")));
        let decision = link(&Side::Unknown(openid("a")), Some(&known(1, &unionid("u"), &[unionid("u")])));
        assert_eq!(decision, Decision::Attach(UserId::new(1), openid("a")));
    }

    #[test]
    fn two_users_merge_into_the_one_with_the_stronger_id_even_if_younger() {
        let older = known(1, &openid("a"), &[openid("a")]);
        let younger = known(2, &unionid("u"), &[unionid("u")]);
        let merge = Decision::Merge { into: UserId::new(2), from: UserId::new(1), over: openid("a") };
        assert_eq!(link(&older, Some(&younger)), merge);
        assert_eq!(link(&younger, Some(&older)), merge);
        assert_eq!(merge.for_staff(), Some(ConflictReason::MergeWaiting));
    }

    #[test]
    fn equally_strong_users_merge_into_the_older() {
        let older = known(1, &openid("a"), &[openid("a")]);
        let younger = known(2, &openid("b"), &[proof(Provider::WechatApp, "wx2", "b")]);
        assert_eq!(link(&younger, Some(&older)).user(), Some(UserId::new(1)));
    }

    #[test]
    fn users_with_different_unionids_never_merge_over_a_phone() {
        let one = known(1, &unionid("u"), &[unionid("u")]);
        let other = known(2, &phone("p"), &[unionid("v"), phone("p")]);
        let decision = link(&one, Some(&other));
        assert_eq!(
            decision,
            Decision::Conflict { kept: UserId::new(1), other: Some(UserId::new(2)), over: phone("p") }
        );
        assert_eq!(decision.for_staff(), Some(ConflictReason::TwoValues));
    }

    #[test]
    fn a_second_phone_or_a_second_openid_of_one_app_is_a_conflict() {
        for (held, new) in [(phone("p"), phone("q")), (openid("a"), openid("b"))] {
            let side = known(1, &unionid("u"), &[unionid("u"), held]);
            let decision = link(&side, Some(&Side::Unknown(new.clone())));
            assert_eq!(decision, Decision::Conflict { kept: UserId::new(1), other: None, over: new });
        }
    }

    /// A small world that carries decisions out, merges included.
    #[derive(Default)]
    struct World {
        users: BTreeMap<UserId, BTreeSet<Proof>>,
        conflicts: usize,
    }

    impl World {
        fn side(&self, proof: &Proof) -> Side {
            let owner = self.users.iter().find(|(_, holds)| holds.contains(proof));
            owner.map_or_else(
                || Side::Unknown(proof.clone()),
                |(user, holds)| {
                    Side::Known(proof.clone(), Owner { user: *user, holds: holds.iter().cloned().collect() })
                },
            )
        }

        fn apply(&mut self, one: &Proof, other: &Proof) {
            match link(&self.side(one), Some(&self.side(other))) {
                Decision::Create(proofs) => {
                    let next = self.users.keys().last().map_or(1, |user| user.get() + 1);
                    self.users.insert(UserId::new(next), proofs.into_iter().collect());
                }
                Decision::Keep(_) => {}
                Decision::Attach(user, proof) => {
                    self.users.get_mut(&user).unwrap().insert(proof);
                }
                Decision::Merge { into, from, .. } => {
                    let moved = self.users.remove(&from).unwrap();
                    self.users.get_mut(&into).unwrap().extend(moved);
                }
                Decision::Conflict { .. } => self.conflicts += 1,
            }
        }

        fn people(&self) -> BTreeSet<BTreeSet<Proof>> {
            self.users.values().cloned().collect()
        }
    }

    fn proofs_of(person: usize) -> Vec<Proof> {
        let name = person.to_string();
        vec![
            unionid(&name),
            phone(&name),
            openid(&name),
            proof(Provider::WechatService, "wx2", &name),
            proof(Provider::WechatApp, "wx3", &name),
        ]
    }

    fn links(people: usize) -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
        proptest::collection::vec((0..people, 0..5_usize, 0..5_usize), 0..30)
    }

    proptest! {
        #[test]
        fn the_order_of_links_never_changes_who_is_who(
            (links, shuffled) in links(4).prop_flat_map(|links| (Just(links.clone()), Just(links).prop_shuffle()))
        ) {
            let run = |links: &[(usize, usize, usize)]| {
                let mut world = World::default();
                for (person, one, other) in links {
                    let proofs = proofs_of(*person);
                    world.apply(&proofs[*one], &proofs[*other]);
                }
                world
            };
            let (one, other) = (run(&links), run(&shuffled));
            prop_assert_eq!(one.conflicts + other.conflicts, 0);
            prop_assert_eq!(one.people(), other.people());
        }

        #[test]
        fn nobody_ever_holds_two_values_of_one_key(
            links in proptest::collection::vec((0..3_usize, 0..5_usize, 0..3_usize, 0..5_usize), 0..40)
        ) {
            let mut world = World::default();
            for (one, one_proof, other, other_proof) in links {
                world.apply(&proofs_of(one)[one_proof], &proofs_of(other)[other_proof]);
                for holds in world.users.values() {
                    prop_assert!(!clash(holds.iter()));
                }
            }
        }

        #[test]
        fn the_sides_of_a_link_are_interchangeable(
            people in proptest::collection::vec((0..3_usize, 0..5_usize, 0..3_usize, 0..5_usize), 1..20)
        ) {
            let mut world = World::default();
            for (one, one_proof, other, other_proof) in people {
                let (one, other) = (proofs_of(one)[one_proof].clone(), proofs_of(other)[other_proof].clone());
                let (here, there) = (world.side(&one), world.side(&other));
                prop_assert_eq!(link(&here, Some(&there)).user(), link(&there, Some(&here)).user());
                world.apply(&one, &other);
            }
        }
    }
}
