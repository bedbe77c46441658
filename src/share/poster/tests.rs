//! Claims about posters.

use super::*;

fn picture(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([u8::try_from(x % 256).unwrap(), u8::try_from(y % 256).unwrap(), 90])
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn poster() -> Poster {
    Poster {
        title: "法式碎花连衣裙 Summer Collection 轻盈雪纺一条过夏天很长很长的标题会在第二行的末尾截断".to_owned(),
        price: Some(Fen::new(19_900)),
        market_price: Some(Fen::new(39_900)),
        nickname: Some("小明😀同学".to_owned()),
        shop_name: "微信小店".to_owned(),
        picture: Some(picture(800, 600)),
        hint: "长按识别小程序码",
        code: matrix_as_png(&Matrix::of("https://shop.example/?share=3uGk0PqXw7Yb1RzD").unwrap(), 430).unwrap(),
    }
}

#[test]
fn a_poster_is_a_png_of_its_size_that_shows_picture_text_and_code() {
    let bytes = draw(&poster()).unwrap();
    assert_eq!(image::guess_format(&bytes).unwrap(), image::ImageFormat::Png);
    let drawn = image::load_from_memory(&bytes).unwrap().into_rgb8();
    assert_eq!(drawn.dimensions(), (WIDTH, HEIGHT));
    assert!(bytes.len() < 2_000_000, "{}", bytes.len());
    let inked = |left: u32, top: u32, right: u32, bottom: u32| {
        let places = (left..right).flat_map(|x| (top..bottom).map(move |y| (x, y)));
        places.filter(|(x, y)| drawn.get_pixel(*x, *y).0.iter().all(|channel| *channel < 120)).count()
    };
    assert!(inked(40, 780, 710, 820) > 2_000, "the title");
    assert!(inked(40, 830, 710, 870) > 2_000, "its second line");
    assert!(inked(500, 900, 710, 1_110) > 8_000, "the code");
    assert!(inked(40, 1_030, 300, 1_070) > 500, "the sharer");
    assert_eq!(inked(0, 1_170, 750, 1_200), 0, "nothing leaves the sheet");
}

#[test]
fn equal_posters_have_equal_bytes_and_what_is_missing_is_left_out() {
    let whole = draw(&poster()).unwrap();
    assert_eq!(draw(&poster()).unwrap(), whole);
    let bare = Poster { price: None, market_price: None, nickname: None, picture: None, ..poster() };
    assert_ne!(draw(&bare).unwrap(), whole);
    let broken = Poster { picture: Some(b"no picture".to_vec()), ..poster() };
    assert!(draw(&broken).is_ok());
    let codeless = Poster { code: b"no picture".to_vec(), ..poster() };
    assert!(matches!(draw(&codeless), Err(PosterError::Code)));
}

#[test]
fn a_picture_with_too_many_pixels_is_left_out() {
    assert!(square(&picture(MAX_SIDE + 1, 1), 10).is_none());
    assert!(square(&picture(30, 20), 10).is_some());
}

#[test]
fn long_text_is_broken_between_words_and_ends_in_an_ellipsis() {
    let script = Script::of_the_house().unwrap();
    let lines = script.lines("连衣裙 Collection 夏天", 20.0, 100.0, 9);
    assert_eq!(lines, ["连衣裙", "Collection", "夏天"]);
    let cut = script.lines("一二三四五六七八九十一二三四五六七八九十", 20.0, 100.0, 2);
    assert_eq!(cut.len(), 2);
    assert!(cut[1].ends_with('…'), "{cut:?}");
    assert!(cut.iter().all(|line| script.width(line, 20.0) <= 100.0), "{cut:?}");
    let long_word = script.lines(&"w".repeat(60), 20.0, 100.0, 3);
    assert_eq!(long_word.len(), 3);
    assert!(script.lines("😀😀", 20.0, 100.0, 2).is_empty());
    assert!(script.lines("  ", 20.0, 100.0, 2).is_empty());
}

#[test]
fn the_font_has_the_characters_that_shops_need() {
    let script = Script::of_the_house().unwrap();
    for word in [
        "¥199.90",
        "拼团砍价立减金秒杀直播",
        "长按识别小程序码推荐给你",
        "囍镕喆",
        "（满100减20）！，。、《》",
        "ABCxyz-_/",
    ] {
        assert_eq!(script.lines(word, 20.0, 9_000.0, 1), [word]);
    }
}

#[test]
fn a_qr_code_keeps_its_modules_whole() {
    let matrix = Matrix::of("https://shop.example/?share=3uGk0PqXw7Yb1RzD").unwrap();
    let drawn = image::load_from_memory(&matrix_as_png(&matrix, 400).unwrap()).unwrap().into_luma8();
    assert_eq!(drawn.dimensions(), (400, 400));
    assert!(drawn.pixels().all(|pixel| pixel.0 == [0] || pixel.0 == [255]));
    let small = matrix.pixels().unwrap();
    let times = 400 / small.width();
    let margin = (400 - times * small.width()) / 2;
    for (x, y, pixel) in small.enumerate_pixels() {
        assert_eq!(drawn.get_pixel(margin + x * times, margin + y * times), pixel);
    }
    assert!(matrix_as_png(&matrix, 20).is_err(), "too few pixels for its modules");
    let svg = matrix.svg();
    assert!(svg.starts_with("<svg") && svg.matches("h1v1h-1z").count() > 200);
    assert!(Matrix::of(&"a".repeat(5_000)).is_none());
}
