//! The silhouettes: one list of marks for every family of goods.

mod beauty;
mod clothes;
mod digital;
mod food;
mod home;
mod play;
mod wear;

use serde::Deserialize;

use super::marks::Mark;

/// How a product stands before the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stance {
    /// On a hanger, from a rail.
    Hanging,
    /// On the ground.
    Standing,
}

macro_rules! families {
    ($($(#[doc = $doc:literal])* $family:ident => $room:ident :: $marks:ident, $stance:ident;)*) => {
        /// What kind of thing a product is, as far as its picture is concerned.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Family {
            $($(#[doc = $doc])* $family,)*
        }

        impl Family {
            /// Every family, in the order of the departments.
            pub const ALL: &'static [Self] = &[$(Self::$family,)*];

            /// What is painted, in order.
            pub(super) fn marks(self) -> &'static [Mark] {
                match self { $(Self::$family => $room::$marks,)* }
            }

            /// How it stands.
            pub(super) fn stance(self) -> Stance {
                match self { $(Self::$family => Stance::$stance,)* }
            }
        }
    };
}

families! {
    /// A dress.
    Dress => clothes::DRESS, Hanging;
    /// A skirt.
    Skirt => clothes::SKIRT, Hanging;
    /// A shirt or blouse.
    Shirt => clothes::SHIRT, Hanging;
    /// A T-shirt or polo shirt.
    Tee => clothes::TEE, Hanging;
    /// A jumper or cardigan.
    Sweater => clothes::SWEATER, Hanging;
    /// A coat or jacket.
    Coat => clothes::COAT, Hanging;
    /// A hooded sweatshirt.
    Hoodie => clothes::HOODIE, Hanging;
    /// Trousers, jeans or leggings.
    Trousers => clothes::TROUSERS, Hanging;
    /// A baby's romper.
    Romper => clothes::ROMPER, Hanging;
    /// A sports shoe.
    Sneaker => wear::SNEAKER, Standing;
    /// A court shoe.
    Heel => wear::HEEL, Standing;
    /// A boot.
    Boot => wear::BOOT, Standing;
    /// A hand bag.
    Tote => wear::TOTE, Standing;
    /// A rucksack.
    Backpack => wear::BACKPACK, Standing;
    /// A suitcase.
    Suitcase => wear::SUITCASE, Standing;
    /// A lipstick.
    Lipstick => beauty::LIPSTICK, Standing;
    /// A pump bottle: lotion, shampoo, hand wash.
    Pump => beauty::PUMP, Standing;
    /// A dropper bottle.
    Serum => beauty::SERUM, Standing;
    /// A jar of cream.
    Jar => beauty::JAR, Standing;
    /// A tube: cleanser, hand cream, toothpaste.
    Tube => beauty::TUBE, Standing;
    /// A scent bottle.
    Perfume => beauty::PERFUME, Standing;
    /// An orange, mandarin or pomelo.
    Orange => food::ORANGE, Standing;
    /// An apple or a peach.
    Apple => food::APPLE, Standing;
    /// Strawberries.
    Strawberry => food::STRAWBERRY, Standing;
    /// Bread and cakes.
    Bread => food::BREAD, Standing;
    /// A tea caddy.
    TeaTin => food::TEA_TIN, Standing;
    /// A stand-up pouch: nuts, rice, coffee.
    Pouch => food::POUCH, Standing;
    /// A bowl of noodles.
    Bowl => food::BOWL, Standing;
    /// A jar of honey, jam or sauce.
    Preserve => food::PRESERVE, Standing;
    /// A carton of milk or juice.
    Carton => food::CARTON, Standing;
    /// A gift box.
    GiftBox => food::GIFT_BOX, Standing;
    /// A mug.
    Mug => home::MUG, Standing;
    /// A lamp.
    Lamp => home::LAMP, Standing;
    /// A cushion.
    Cushion => home::CUSHION, Standing;
    /// Folded bedding.
    Bedding => home::BEDDING, Standing;
    /// An armchair.
    Armchair => home::ARMCHAIR, Standing;
    /// A cooking pot.
    Pot => home::POT, Standing;
    /// A vase.
    Vase => home::VASE, Standing;
    /// Towels.
    Towel => home::TOWEL, Standing;
    /// A storage box.
    Storage => home::STORAGE, Standing;
    /// Headphones.
    Headphones => digital::HEADPHONES, Standing;
    /// Earbuds in their case.
    Earbuds => digital::EARBUDS, Standing;
    /// A telephone or power bank.
    Phone => digital::PHONE, Standing;
    /// A watch.
    Watch => digital::WATCH, Standing;
    /// A loudspeaker.
    Speaker => digital::SPEAKER, Standing;
    /// An electric kettle.
    Kettle => digital::KETTLE, Standing;
    /// A keyboard.
    Keyboard => digital::KEYBOARD, Standing;
    /// A fan.
    Fan => digital::FAN, Standing;
    /// A teddy bear.
    Bear => play::BEAR, Standing;
    /// Building blocks.
    Blocks => play::BLOCKS, Standing;
    /// A feeding bottle.
    Feeder => play::FEEDER, Standing;
    /// A toy car.
    ToyCar => play::TOY_CAR, Standing;
    /// A ball.
    Ball => play::BALL, Standing;
    /// A tent.
    Tent => play::TENT, Standing;
    /// Dumb-bells.
    Dumbbell => play::DUMBBELL, Standing;
    /// An exercise mat.
    Mat => play::MAT, Standing;
    /// A vacuum flask.
    Flask => play::FLASK, Standing;
    /// A racket.
    Racket => play::RACKET, Standing;
}
